"""What fuzzing begins with: a few right and wrong inputs for each target, so that it need not find the grammar by itself."""

from pathlib import Path

import msgspec

from core_ext import etf_encode
from tests.integration.gateway_socket.test_garbage import COMMANDS
from tests.integration.websocket.closing_cases import CLOSING
from tests.integration.websocket.fragment_cases import FRAGMENTS
from tests.integration.websocket.framing_cases import FRAMING
from tests.integration.websocket.text_cases import TEXTS
from tests.unit.core_ext.test_etf import GOLDEN

_MOST_BYTES = 600
"""Larger seeds make every run slower and teach nothing more."""


def _frames() -> list[bytes]:
    cases = [*FRAMING, *FRAGMENTS, *CLOSING, *TEXTS]
    return [bytes((index % 17,)) + case.stream for index, case in enumerate(cases)]


def _etf() -> list[bytes]:
    return [bytes.fromhex(case["hex"]) for cases in GOLDEN.values() for case in cases]


def _commands() -> list[bytes]:
    encoders = (msgspec.json.encode, etf_encode, msgspec.msgpack.encode)
    return [bytes((index,)) + encode(command) for index, encode in enumerate(encoders) for command in COMMANDS]


def make_seeds() -> dict[str, list[bytes]]:
    """The seeds of every target."""
    seeds = {"frames": _frames(), "etf": _etf(), "commands": _commands()}
    return {name: [seed for seed in found if len(seed) <= _MOST_BYTES] for name, found in seeds.items()}


def write_seeds(folder: Path, seeds: list[bytes]) -> None:
    """A file for each, for a fuzzer to add its own beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds):
        (folder / f"seed-{index:04d}").write_bytes(seed)
