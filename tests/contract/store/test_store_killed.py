"""kill -9: acknowledged messages are stored, rows and log agree, and repeats find their first message."""

import asyncio
import signal
import sys
from pathlib import Path

from core.domain.ids import shard_of
from core.store.sql.store import SqlStore
from tests.contract.backends import NUM_SHARDS
from tests.contract.builders import flake, new_message
from tests.fakes.clock import FakeClock

CHANNEL = flake(30)


async def add_until_killed(path: Path, first_id: int, *, after: int) -> list[int]:
    """Return the acknowledged ids of a process that was killed after `after` of them."""
    command = [sys.executable, "-m", "tests.contract.adding_process", str(path), str(first_id), "32"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL
    # The pipe may end in the middle of a number.
    return [int(line) for line in (b"".join(lines) + rest).split(b"\n")[:-1]]


async def test_kill_in_the_middle_of_adding_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged: list[int] = []
    for attempt, after in enumerate((1, 200, 777)):
        acknowledged += await add_until_killed(path, flake(1_000_000 * (attempt + 1)), after=after)
    assert len(acknowledged) == len(set(acknowledged)) >= 978

    store = await SqlStore.open(path, clock=FakeClock(), num_shards=NUM_SHARDS)
    page = await store.messages.list_page(CHANNEL, limit=1_000_000)
    stored = [message.id for message in page]
    shard = shard_of(flake(100), NUM_SHARDS)
    deliveries = await store.bus.read(shard, 0, 1_000_000)
    logged = [delivery.envelope.id for delivery in deliveries]
    guilds = {number for number in logged if await store.guilds.find(number) is not None}
    repeat = await store.messages.add(new_message(flake(0), CHANNEL, nonce=str(stored[0])), [])
    last_ids = await store.messages.last_ids([CHANNEL])
    await store.close()

    assert stored == sorted(set(stored), reverse=True)
    assert set(acknowledged) <= set(stored) | guilds
    assert set(logged) == set(stored) | guilds
    assert logged == sorted(set(logged))
    positions = [delivery.position for delivery in deliveries]
    assert positions == sorted(set(positions))
    assert not repeat.is_new
    assert repeat.message.id == stored[0]
    assert last_ids == {CHANNEL: stored[0]}
