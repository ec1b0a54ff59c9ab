"""A process that adds messages until it is killed, and prints the id of each one that was acknowledged.

Run as a module with the database's path, the first id and the number of concurrent senders.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from core.store.sql.store import SqlStore
from tests.contract.backends import NUM_SHARDS
from tests.contract.builders import flake, message_created, new_envelope, new_guild, new_message
from tests.fakes.clock import FakeClock


async def add_forever(path: Path, first_id: int, senders: int) -> None:
    """Send messages, and units of work between them, as fast as they are acknowledged."""
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=NUM_SHARDS)
    ids = itertools.count(first_id)

    async def send() -> None:
        while True:
            message_id = next(ids)
            message = new_message(message_id, flake(30), nonce=str(message_id))
            if message_id % 7 == 0:
                async with store.write(guilds=[flake(100)]) as tx:
                    await tx.guilds.create(new_guild(message_id - flake(0)))
                    tx.announce(new_envelope(message_id, flake(100)))
            else:
                await store.messages.add(message, [message_created(message)])
            sys.stdout.write(f"{message_id}\n")
            sys.stdout.flush()

    await asyncio.gather(*(send() for _ in range(senders)))


if __name__ == "__main__":
    asyncio.run(add_forever(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
