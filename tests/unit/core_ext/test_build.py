"""One sentence says what to install where a build or a start lacks something, and nothing counts as built."""

import importlib.machinery
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core_ext.chooser import MISSING

ROOT = Path(__file__).parents[3]
BUILD = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sources without anything compiled, in a folder of their own."""
    leaves_out = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
    shutil.copytree(ROOT / "core_ext", tmp_path / "core_ext", ignore=leaves_out)
    for folder in ("api", "core", "gateway", "guildway"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    shutil.copy2(ROOT / "setup.py", tmp_path)
    return tmp_path


def run(command: list[str], tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CORE_EXT_PURE"}
    return subprocess.run(command, cwd=tree, env=kept | environment, capture_output=True, text=True, check=False)


def list_compiled(tree: Path) -> list[Path]:
    return [*tree.rglob("*.so"), *tree.rglob("*.pyd")]


def write_program(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_build_without_a_compiler_says_in_one_sentence_what_to_install(tree: Path) -> None:
    build = run(BUILD, tree, CC="/nonexistent/cc")
    assert (build.returncode, build.stdout, build.stderr) == (1, "", f"guildway: {MISSING}\n")


def test_build_without_the_headers_of_python_says_the_same(tree: Path) -> None:
    blind = write_program(tree / "cc", "#!/bin/sh\necho 'fatal error: Python.h: No such file' >&2\nexit 1\n")
    build = run(BUILD, tree, CC=blind)
    assert (build.returncode, build.stdout, build.stderr) == (1, "", f"guildway: {MISSING}\n")


def test_build_that_fails_midway_is_a_failure(tree: Path) -> None:
    (tree / "core_ext" / "delivery" / "send_buffer_c.pyx").write_text("cdef int = (")  # the second kernel
    build = run(BUILD, tree, CFLAGS="-O0")
    assert build.returncode != 0
    assert "send_buffer_c.pyx" in build.stdout + build.stderr
    assert not [path for path in list_compiled(tree) if path.name.startswith("send_buffer_c.")]


def test_code_that_was_written_before_types_have_changed_is_written_anew(tree: Path) -> None:
    old, new = (tree / "core_ext" / name for name in ("ids/snowflake_py.c", "payloads/etf_py.c"))
    for written in (old, new):
        written.write_text("")
    os.utime(old, (0, 0))
    (tree / "core_ext" / "delivery" / "delivery_c.pyx").write_text("cdef int = (")  # the first kernel ends the build
    assert run(BUILD, tree, CFLAGS="-O0").returncode != 0
    assert [written.exists() for written in (old, new)] == [False, True]


@pytest.mark.parametrize("environment", [{}, {"CORE_EXT_PURE": "1"}], ids=["normally", "pure"])
def test_server_without_compiled_kernels_is_refused_with_that_sentence(tree: Path, environment: dict[str, str]) -> None:
    started = run([sys.executable, "-m", "guildway", "run"], tree, GUILDWAY_DATA=str(tree / "data"), **environment)
    assert (started.returncode, started.stdout, started.stderr) == (2, "", f"guildway: {MISSING}\n")


def test_server_whose_kernel_cannot_be_loaded_is_refused_with_that_sentence(tree: Path) -> None:
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    (tree / "core_ext" / "ids" / f"snowflake_c{suffix}").write_bytes(b"cut short")
    started = run([sys.executable, "-m", "guildway", "run"], tree, GUILDWAY_DATA=str(tree / "data"))
    assert (started.returncode, started.stdout, started.stderr) == (2, "", f"guildway: {MISSING}\n")
