"""Printed commands can be typed: each way to start the program, as a shell in the same folder calls it."""

import subprocess
import sys
from pathlib import Path

import pytest

from guildway.invocation import compute_invocation
from guildway.version import VERSION

ROOT = Path(__file__).parents[3]


def make_script(folder: Path) -> Path:
    folder.mkdir(parents=True)
    script = folder / "guildway"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return script


def test_module_is_called_by_the_folders_own_python(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    found = compute_invocation(program="/x/guildway/__main__.py", python=str(python), folder=tmp_path)
    assert (found.command, found.python) == (".venv/bin/python -m guildway", ".venv/bin/python")
    assert not found.has_examples


def test_module_is_called_by_the_python_in_the_folder_itself(tmp_path: Path) -> None:
    found = compute_invocation(program="/x/guildway/__main__.py", python=str(tmp_path / "python3"), folder=tmp_path)
    assert (found.command, found.python) == ("./python3 -m guildway", "./python3")


def test_module_of_another_folders_python_is_called_by_its_whole_path(tmp_path: Path) -> None:
    found = compute_invocation(program="/x/guildway/__main__.py", python="/opt/my env/bin/python", folder=tmp_path)
    assert found.command == "'/opt/my env/bin/python' -m guildway"


def test_script_that_the_shell_finds_is_called_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = make_script(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(script.parent))
    assert compute_invocation(program=str(script), python="/usr/bin/python3", folder=Path("/srv")).command == "guildway"


def test_script_that_the_shell_does_not_find_is_called_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = make_script(tmp_path / "env" / "bin")
    monkeypatch.setenv("PATH", "/nowhere")
    for program, folder, expected in (
        (str(script), tmp_path, "env/bin/guildway"),
        ("env/bin/guildway", tmp_path, "env/bin/guildway"),
        ("./guildway", script.parent, "./guildway"),
        (str(script), script.parent, "./guildway"),
        (str(script), Path("/srv"), str(script)),
    ):
        assert compute_invocation(program=program, python="/usr/bin/python3", folder=folder).command == expected


def test_checkout_has_examples() -> None:
    assert compute_invocation(program="x", python="/usr/bin/python3", folder=ROOT).has_examples


def test_command_works_as_it_is_printed() -> None:
    command = compute_invocation(program="guildway/__main__.py", python=sys.executable, folder=ROOT).command
    done = subprocess.run(f"{command} --version", shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"guildway {VERSION} ")
