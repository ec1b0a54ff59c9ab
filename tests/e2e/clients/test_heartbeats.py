"""A stock library's heartbeats let the server forget dispatches, but none that a resume needs."""

from pathlib import Path

import msgspec

from tests.e2e.clients.discord_bot import cut_socket, running_bot
from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

QUICK = {
    "GUILDWAY_GATEWAY_HEARTBEAT_INTERVAL_S": "0.1",
    "GUILDWAY_GATEWAY_HEARTBEAT_JITTER_S": "0",
    "GUILDWAY_GATEWAY_HEARTBEAT_TIMEOUT_FACTOR": "100",
    "GUILDWAY_GATEWAY_COMMANDS_PER_MINUTE": "100000",
}


def is_acknowledgement(payload: str | bytes) -> bool:
    return bool(msgspec.json.decode(payload)["op"] == 11)


async def test_bot_whose_heartbeats_were_taken_at_their_word_resumes_without_a_gap(tmp_path: Path) -> None:
    server = await Server(tmp_path, {**GENEROUS, **QUICK}).start()
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        bot = await alice.make_bot(guild["id"])
        async with running_bot(server, bot["token"], transport="json", enable_debug_events=True) as (client, seen):
            sent = []
            for number in range(12):
                sent.append((await alice.send(channel_id, f"m{number}"))["content"])
                if number % 4 == 3:
                    await seen.wait_for("message", lambda message: message.content == sent[-1])
                    # Three more are sent, since the heartbeat before the last of them names this message.
                    so_far = len([each for each in seen.all("socket_raw_receive") if is_acknowledgement(*each)])
                    await seen.wait_for("socket_raw_receive", Count(so_far + 3))
                    cut_socket(client)
                    sent.append((await alice.send(channel_id, f"missed after m{number}"))["content"])
                    await seen.wait_for("message", lambda message: message.content == sent[-1])
            assert seen.contents(int(channel_id)) == sent
            assert len(seen.all("ready")) == 1
            assert len(seen.all("resumed")) == 3
    assert await server.stop() == 0


class Count:
    """A check that accepts the n-th acknowledgement."""

    def __init__(self, wanted: int) -> None:
        self.left = wanted

    def __call__(self, payload: str | bytes) -> bool:
        self.left -= is_acknowledgement(payload)
        return self.left == 0
