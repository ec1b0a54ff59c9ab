"""Which implementations `core_ext` hands out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core_ext import payloads
from core_ext.chooser import IS_PURE

ROOT = Path(__file__).parents[3]
REPORT = """
from core_ext import delivery, guild, ids, payloads, sockets
from core_ext.chooser import IS_PURE
pure = (payloads.etf_encode, payloads.frame_json, guild.compute_base, guild.SlotSet, guild.ViewIndex, ids.SnowflakeGenerator)
others = (delivery.Track, payloads.Template, sockets.Intake)
print(IS_PURE, *({kernel.__module__[-2:] for kernel in group} for group in (pure, others)))
"""


def run(script: str, *, pure: str | None, check: bool = True) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "CORE_EXT_PURE"}
    if pure is not None:
        environment["CORE_EXT_PURE"] = pure
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=check
    )
    return (finished.stdout if check else finished.stderr).strip()


def test_chooser_in_this_run_has_loaded_what_was_asked_for() -> None:
    assert IS_PURE is (os.environ.get("CORE_EXT_PURE") == "1")
    assert payloads.etf_encode.__module__ == ("core_ext.payloads.etf_py" if IS_PURE else "core_ext.payloads.etf_c")


def test_chooser_hands_out_compiled_kernels() -> None:
    assert run(REPORT, pure=None) == "False {'_c'} {'_c'}"


def test_chooser_told_to_be_pure_hands_out_the_plain_code_of_the_pure_kernels() -> None:
    assert run(REPORT, pure="1") == "True {'py'} {'_c'}"


@pytest.mark.parametrize("kernel", ["guild.view_index", "delivery.delivery"])
def test_chooser_missing_one_compiled_kernel_says_what_to_do(kernel: str) -> None:
    hidden = f"import sys\nsys.modules['core_ext.{kernel}_c'] = None\n"
    assert "build-essential" in run(hidden + REPORT, pure=None, check=False).splitlines()[-1]


def test_chooser_imports_nothing_else_of_ours() -> None:
    script = "from core_ext import delivery, guild, ids, payloads, sockets\nimport sys\nprint([n for n in sys.modules if n.partition('.')[0] in ('core', 'api', 'gateway')])"
    assert run(script, pure="1") == "[]"
    assert run(script, pure=None) == "[]"


def test_portable_transport_needs_no_epoll() -> None:
    script = """
import asyncio, sys, urllib.request
import picows, uvloop
sys.platform = "darwin"
sys.modules["core_ext.sockets.sockets_c"] = None
from gateway.transport.listener import TRANSPORTS
print(TRANSPORTS)
"""
    assert run(script, pure=None) == "('picows',)"
