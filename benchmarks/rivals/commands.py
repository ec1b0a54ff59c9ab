"""The command of a rival's process: `burst EVENTS TURN BYTES` on stdin, answered with `done`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

_HEADER_BYTES = 4
"""The header of a frame with a payload of 126 … 65,535 bytes."""


async def obey(publish: Callable[[str], Awaitable[None]], port: int) -> None:
    """Report readiness; then publish texts, `TURN` of them before the loop's next turn, until stdin ends."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
    print(f"ready port={port}", flush=True)
    while line := await lines.get():
        _, events, per_turn, frame_bytes = line.split()
        text = "x" * (int(frame_bytes) - _HEADER_BYTES)
        for number in range(1, int(events) + 1):
            await publish(text)
            if number % int(per_turn) == 0:
                await asyncio.sleep(0)
        print("done", flush=True)
