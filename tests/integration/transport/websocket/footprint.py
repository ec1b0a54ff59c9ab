"""The resources of a process: descriptors, objects, memory. Two footprints show a leak between them."""

import asyncio
import contextlib
import ctypes
import gc
import sys
from pathlib import Path
from typing import Final

import msgspec

from tests.fakes.clock import FakeClock

_LATE_S: Final = 60.0


class _Mallinfo2(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


class Footprint(msgspec.Struct, kw_only=True, frozen=True):
    """The resources at one moment, after a garbage collection."""

    descriptors: int
    tracked: int
    """The objects of ours and of picows that the garbage collector tracks."""
    blocks: int
    """All of Python's small allocations."""
    malloc_bytes: int
    """The bytes that C code has allocated, 0 without glibc."""


def count_descriptors() -> int:
    """Count this process's open files and sockets."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def take_footprint() -> Footprint:
    """Take a footprint now."""
    gc.collect()
    # Its list of all objects is gone when bytes are read: of a large process it would be tens of megabytes, which count
    # or do not, as malloc has them in its heap or beside it.
    tracked = _count_tracked()
    return Footprint(
        descriptors=count_descriptors(),
        tracked=tracked,
        blocks=sys.getallocatedblocks(),
        malloc_bytes=_read_malloc_bytes(),
    )


def _count_tracked() -> int:
    return sum(str(type(found).__module__).startswith(("gateway.", "core_ext", "picows")) for found in gc.get_objects())


def _read_malloc_bytes() -> int:
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    # A large table of the process may move from a mapping of its own into the heap, which is no growth.
    return int(found.uordblks + found.hblkhd)


async def wait_for_descriptors(count: int) -> None:
    """Wait until at most `count` are open: the other end of a socket closes a turn later."""
    async with asyncio.timeout(60):
        while count_descriptors() > count:  # noqa: ASYNC110 - nothing tells when a descriptor is closed
            await asyncio.sleep(0.005)


def find_excess(before: Footprint, after: Footprint, connections: int) -> list[str]:
    """Name the resources that grew by more than a word, or a fiftieth of an object, for each of `connections`.

    A process that has run many tests has large tables, and one of them may double at any moment.
    """
    allowed = {
        "descriptors": before.descriptors,
        "tracked": before.tracked + connections // 50,
        "blocks": before.blocks + connections + 3000,
        "malloc_bytes": before.malloc_bytes + 32 * connections + 131_072 + before.malloc_bytes // 40,
    }
    return [f"{name}: {getattr(after, name)} > {most}" for name, most in allowed.items() if getattr(after, name) > most]


async def check_nothing_is_left(before: Footprint, connections: int, clock: FakeClock) -> None:
    """Wait until nothing is left. The watch over heartbeats releases a connection when it would have been late, so time
    passes by the server's clock.
    """
    excess = find_excess(before, take_footprint(), connections)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(60):
            while excess:
                clock.advance(_LATE_S)
                await asyncio.sleep(0.25)
                excess = find_excess(before, take_footprint(), connections)
    assert not excess, excess
