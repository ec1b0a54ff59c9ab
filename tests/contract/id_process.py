"""A process that prints ids until it is killed, under a clock that stands still: every start is in one millisecond.

Run as a module with the database's path.
"""

import asyncio
import os
import sys
from pathlib import Path

from core.store.node_ids import NodeIds
from core.store.sql.store import SqlStore
from tests.contract.backends import NUM_SHARDS
from tests.fakes.clock import FakeClock


async def print_ids(path: Path) -> None:
    """Print ids as fast as they are made."""
    clock = FakeClock()
    store = await SqlStore.open(path, clock=clock, num_shards=NUM_SHARDS)
    ids = await NodeIds.open(numbers=store.node_numbers, clock=clock, holder=f"process {os.getpid()}")
    while True:
        sys.stdout.write(f"{ids.next()}\n")


if __name__ == "__main__":
    asyncio.run(print_ids(Path(sys.argv[1])))
