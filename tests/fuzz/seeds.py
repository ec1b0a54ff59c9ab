"""The seeds of fuzzing: a few valid and invalid inputs for each target, so that it need not find the grammar."""

from pathlib import Path

import msgspec

from core_ext.payloads import etf_encode
from tests.integration.transport.listener.test_garbage import COMMANDS
from tests.integration.transport.websocket.closing_cases import CLOSING
from tests.integration.transport.websocket.fragment_cases import FRAGMENTS
from tests.integration.transport.websocket.framing_cases import FRAMING
from tests.integration.transport.websocket.test_handshake import REFUSED, TAKEN
from tests.integration.transport.websocket.text_cases import TEXTS
from tests.unit.core_ext.payloads.test_etf import GOLDEN

_MOST_BYTES = 600
"""The largest seed. Larger ones make every run slower and find nothing more."""


def _frames() -> list[bytes]:
    cases = [*FRAMING, *FRAGMENTS, *CLOSING, *TEXTS]
    return [bytes((index % 17,)) + case.stream for index, case in enumerate(cases)]


def _requests() -> list[bytes]:
    return [request.removesuffix(b"\r\n\r\n") for request in (*TAKEN.values(), *REFUSED.values())]


def _etf() -> list[bytes]:
    return [bytes.fromhex(case["hex"]) for cases in GOLDEN.values() for case in cases]


def _commands() -> list[bytes]:
    encoders = (msgspec.json.encode, etf_encode, msgspec.msgpack.encode)
    return [bytes((index,)) + encode(command) for index, encode in enumerate(encoders) for command in COMMANDS]


def _heartbeats() -> list[bytes]:
    values = [
        None,
        0,
        1,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        (1 << 31) - 1,
        1 << 31,
        10**17,
        (1 << 64) - 1,
        -1,
        "1",
        True,
    ]
    payloads = [{"op": 1, "d": value} for value in values] + [{"d": value, "op": 1} for value in values] + [{"op": 1}]
    encoders = (msgspec.json.encode, etf_encode, msgspec.msgpack.encode)
    spaced = [b'\x00 { "op" : 1 , "d" : 5 } ', b'\x00{"op":1,"d":05}', b'\x00{"op":1,"d":5,"op":2}', b'\x00{"op":1.0}']
    return [bytes((index,)) + encode(payload) for index, encode in enumerate(encoders) for payload in payloads] + spaced


def make_seeds() -> dict[str, list[bytes]]:
    """Return the seeds of every target."""
    seeds = {
        "frames": _frames(),
        "requests": _requests(),
        "heartbeats": _heartbeats(),
        "etf": _etf(),
        "commands": _commands(),
    }
    return {name: [seed for seed in found if len(seed) <= _MOST_BYTES] for name, found in seeds.items()}


def write_seeds(folder: Path, seeds: list[bytes]) -> None:
    """Write a file for each seed, beside which a fuzzer puts its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds):
        (folder / f"seed-{index:04d}").write_bytes(seed)
