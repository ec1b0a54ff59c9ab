"""setup.py on machines that lack something: the build ends well and the plain twins are what is left."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUILD = "import runpy, sys; sys.argv = ['setup.py', 'build_ext', '--inplace']; runpy.run_path('setup.py', run_name='__main__')"
REPORT = "import core_ext; print(core_ext.IS_COMPILED, core_ext.splice_json(1, b'}'))"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sources without anything compiled, in a folder of their own."""
    shutil.copytree(
        ROOT / "core_ext", tmp_path / "core_ext", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    shutil.copy2(ROOT / "setup.py", tmp_path)
    return tmp_path


def run(script: str, tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CORE_EXT_PURE"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=tree, env=kept | environment, capture_output=True, text=True, check=False)


def assert_plain_twins_are_left(build: subprocess.CompletedProcess[str], tree: Path) -> None:
    assert build.returncode == 0, build.stderr
    assert "core_ext stays plain Python" in build.stderr
    assert run(REPORT, tree).stdout == "False b'{\"s\":1,}'\n"


def test_build_without_cython_leaves_the_plain_twins(tree: Path) -> None:
    assert_plain_twins_are_left(run("import sys; sys.modules['Cython'] = None\n" + BUILD, tree), tree)


def test_build_without_a_compiler_leaves_the_plain_twins(tree: Path) -> None:
    assert_plain_twins_are_left(run(BUILD, tree, CC="/nonexistent/cc"), tree)


def test_build_of_a_source_that_cython_refuses_leaves_the_plain_twins(tree: Path) -> None:
    (tree / "core_ext" / "framing_c.pyx").write_text("cdef int = (")
    assert_plain_twins_are_left(run(BUILD, tree), tree)
