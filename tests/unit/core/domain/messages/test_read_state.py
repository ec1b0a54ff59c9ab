"""Targets: what a message names to call for people."""

import pytest

from core.domain.messages.message import Message, MessageType
from core.domain.messages.read_state import find_targets

GUILD, CHANNEL, ROLE, BOB = 10, 30, 20, 2


@pytest.mark.parametrize(
    ("fields", "targets"),
    [
        ({}, ()),
        ({"mention_ids": (BOB,)}, (BOB,)),
        ({"mention_role_ids": (ROLE,)}, (ROLE,)),
        ({"mention_everyone": True}, (GUILD,)),
        ({"mention_ids": (BOB,), "mention_role_ids": (ROLE,), "mention_everyone": True}, (BOB, ROLE, GUILD)),
    ],
)
def test_message_of_a_guild_names_whom_it_mentions(fields: dict[str, object], targets: tuple[int, ...]) -> None:
    message = Message(id=1, channel_id=CHANNEL, guild_id=GUILD, author_id=3, **fields)  # type: ignore[arg-type] # of several types
    assert find_targets(message) == targets


def test_message_of_a_direct_channel_names_the_channel_too() -> None:
    assert find_targets(Message(id=1, channel_id=CHANNEL, author_id=3)) == (CHANNEL,)
    assert find_targets(Message(id=1, channel_id=CHANNEL, author_id=3, mention_ids=(BOB,))) == (CHANNEL, BOB)


def test_what_the_server_says_in_a_direct_channel_calls_for_nobody() -> None:
    message = Message(id=1, channel_id=CHANNEL, author_id=3, type=MessageType.USER_JOIN)
    assert find_targets(message) == ()
