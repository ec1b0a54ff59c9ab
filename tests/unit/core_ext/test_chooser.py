"""Which implementations `core_ext` hands out."""

import os
import subprocess
import sys
from pathlib import Path

import core_ext

ROOT = Path(__file__).parents[3]
REPORT = """
import core_ext
kernels = (core_ext.etf_encode, core_ext.frame_json, core_ext.compute_base, core_ext.SnowflakeGenerator, core_ext.ViewIndex, core_ext.Track, core_ext.Template,
           core_ext.FrameReader)
print(core_ext.IS_COMPILED, {kernel.__module__[-2:] for kernel in kernels})
"""


def run(script: str, *, pure: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "CORE_EXT_PURE"}
    if pure is not None:
        environment["CORE_EXT_PURE"] = pure
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return finished.stdout.strip()


def test_chooser_in_this_run_has_loaded_what_was_asked_for() -> None:
    assert core_ext.IS_COMPILED is (os.environ.get("CORE_EXT_PURE") != "1")


def test_chooser_told_to_be_pure_hands_out_plain_twins() -> None:
    assert run(REPORT, pure="1") == "False {'py'}"


def test_chooser_missing_one_compiled_kernel_hands_out_no_mixture() -> None:
    hidden = "import sys\nsys.modules['core_ext.view_index_c'] = None\n"
    assert run(hidden + REPORT, pure=None) == "False {'py'}"


def test_chooser_imports_nothing_else_of_ours() -> None:
    script = (
        "import core_ext, sys\nprint([n for n in sys.modules if n.partition('.')[0] in ('core', 'api', 'gateway')])"
    )
    assert run(script, pure="1") == "[]"
    assert run(script, pure=None) == "[]"
