"""The command line: refusals and their words."""

import re
import shlex
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from guildway.cli import main
from guildway.commands import app
from guildway.reference import write_reference
from guildway.version import VERSION

ROOT = Path(__file__).parents[3]


def test_version_is_the_packages_and_told_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"guildway {VERSION} (Python 3.")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == told


def test_package_takes_its_version_from_the_one_place() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert document["project"]["dynamic"] == ["version"]
    assert document["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "guildway.version.VERSION"}
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", VERSION)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--api", "8080"], "--api: expected HOST:PORT"),
        (["--config", "/nowhere.toml"], "/nowhere.toml: cannot be read"),
    ],
)
def test_run_with_a_wrong_flag_says_so_in_one_line(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == 2
    errors = capsys.readouterr().err
    assert text in errors
    assert errors.count("\n") == 1


def test_run_with_an_unknown_variable_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUILDWAY_GATEWY", "0.0.0.0:1")
    assert main(["run"]) == 2
    assert "did you mean 'GUILDWAY_GATEWAY'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Missing command"),
        (["serve"], "No such command 'serve'"),
        (["run", "--port", "1"], "No such option: --port"),
        (["run", "--data"], "Option '--data' requires an argument"),
        (["backup"], "Missing argument 'TARGET'"),
        (["demo", "--members", "many"], "Invalid value for '--members'"),
        (["demo", "--logins", "5"], "Invalid value: --logins means something only with --members"),
        (["demo", "--data", "elsewhere"], "Invalid value: --data means something only with --members"),
        (["demo", "--members", "5", "--url", "http://x"], "Invalid value: --url names a running server"),
    ],
)
def test_unknown_command_or_flag_is_refused_in_one_line(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith(f"guildway: {text}")
    assert errors.endswith(" --help`\n")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [[], ["run"], ["demo"], ["backup"], ["health"]], ids=str)
def test_help_shows_examples_which_are_commands(
    command: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, flag]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    shown = re.findall(r"^ +(?:GUILDWAY_\w+=\S+ )?guildway (.*?)(?:  .*)?$", output, re.MULTILINE)
    assert len(shown) >= 2
    for example in shown:
        assert callable(app(shlex.split(example), standalone_mode=False))


def test_help_loads_neither_rich_nor_the_tiers() -> None:
    program = """
import sys
from guildway.cli import main
from guildway.commands import app
from guildway.reference import write_reference
main(["run", "--help"])
print(sorted({"rich", "asyncio", "api", "gateway", "sqlalchemy"} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_demo_without_a_server_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["demo", "--url", f"http://127.0.0.1:{port}"]) == 2
    errors = capsys.readouterr().err
    assert f"no server answers at http://127.0.0.1:{port}" in errors
    assert " run`, or name another with --url" in errors


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"GUILDWAY_API": "127.0.0.1:9"}, "http://127.0.0.1:9"),
        ({"GUILDWAY_API": ":9"}, "http://127.0.0.1:9"),
        ({"GUILDWAY_API": "[::]:9"}, "http://[::1]:9"),
        ({"GUILDWAY_API_PORT": "9", "GUILDWAY_API": "h:1"}, "http://h:9"),
    ],
)
def test_demo_goes_where_the_settings_say_that_the_server_is(
    environ: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("guildway.demonstration.demo.run_demo", lambda url, *_: asked.append(url))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["demo"]) == 0
    assert main(["demo", "--url", "http://x:1"]) == 0
    assert asked == [url, "http://x:1"]


def test_demo_of_a_server_whose_port_is_chosen_by_the_system_needs_a_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUILDWAY_API", ":0")
    assert main(["demo"]) == 2
    assert "--url" in capsys.readouterr().err


def test_reference_is_that_of_the_commands() -> None:
    assert (ROOT / "docs" / "guildway.md").read_text() == write_reference(), "run `python -m guildway.reference`"
