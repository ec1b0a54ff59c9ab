"""The slots of a guild whose home is elsewhere, and the delivery of its events by words."""

import msgspec
import pytest

from core.domain.intents import ALL_INTENTS, Intent
from core_ext.guild import SlotSet
from gateway.sessions.far_guild import FarGuild
from tests.support.gateway.sessions import make_session

GUILD = 5


def words_of(*slots: int) -> bytes:
    return SlotSet(slots).gather(tuple(range(4)))


def test_event_goes_to_the_sessions_in_its_words() -> None:
    guild = FarGuild(guild_id=GUILD)
    clients = {slot: make_session(slot + 1) for slot in (0, 3, 70)}
    for slot, (session, _) in clients.items():
        guild.seat(slot, session)
    assert guild.deliver("X", b"{}", words_of(0, 1, 70)) == 2
    assert guild.deliver("Y", b"{}", words_of(3)) == 1
    assert {slot: connection.names() for slot, (_, connection) in clients.items()} == {0: ["X"], 3: ["Y"], 70: ["X"]}


def test_each_session_gets_the_variant_that_its_user_and_intents_allow() -> None:
    message = {"content": "text", "embeds": [], "attachments": [], "components": [], "nonce": "n"}
    guild = FarGuild(guild_id=GUILD)
    without = ALL_INTENTS & ~Intent.MESSAGE_CONTENT
    clients = [make_session(user_id, intents=ALL_INTENTS if user_id == 3 else without) for user_id in (1, 2, 3, 4)]
    for slot, (session, _) in enumerate(clients):
        guild.seat(slot, session)
    payload, words = msgspec.json.encode(message), words_of(0, 1, 2, 3)
    assert guild.deliver_message("MESSAGE_CREATE", payload, words, author_id=1, mention_ids=(2,)) == 4
    public = {name: value for name, value in message.items() if name != "nonce"}
    seen = [connection.dispatched[0][1] for _, connection in clients]
    assert seen == [message, public, public, public | {"content": ""}]


def test_slot_of_another_session_now_has_the_intents_of_that_one() -> None:
    guild, (first, _) = FarGuild(guild_id=GUILD), make_session(1)
    second, connection = make_session(2, intents=ALL_INTENTS & ~Intent.MESSAGE_CONTENT)
    guild.seat(0, first)
    guild.release(0)
    guild.seat(0, second)
    for author_id in (1, 2):
        guild.deliver_message("MESSAGE_CREATE", b'{"content":"x"}', words_of(0), author_id=author_id, mention_ids=())
    assert [d["content"] for _, d, _ in connection.dispatched] == ["", "x"]


def test_message_without_an_author_keeps_what_looks_like_a_nonce() -> None:
    guild, (session, connection) = FarGuild(guild_id=GUILD), make_session(1)
    guild.seat(0, session)
    guild.deliver_message("MESSAGE_UPDATE", b'{"nonce":"n"}', words_of(0), author_id=0, mention_ids=())
    assert connection.dispatched[0][1] == {"nonce": "n"}


def test_released_slot_gets_nothing_and_may_be_another_sessions() -> None:
    guild, (first, of_first), (second, of_second) = FarGuild(guild_id=GUILD), make_session(1), make_session(2)
    guild.seat(0, first)
    assert guild.release(0) is first
    assert guild.release(0) is None
    assert guild.deliver("X", b"{}", words_of(0)) == 0
    guild.seat(0, second)
    guild.deliver("Y", b"{}", words_of(0))
    assert (of_first.names(), of_second.names(), first.slots, second.slots) == ([], ["Y"], {}, {GUILD: 0})


def test_session_that_is_let_go_leaves_the_slot_to_nobody() -> None:
    guild, (session, connection), (stranger, _) = FarGuild(guild_id=GUILD), make_session(1), make_session(2)
    guild.seat(0, session)
    guild.let_go(stranger)
    stranger.slots[GUILD] = 0
    guild.let_go(stranger)
    assert len(guild) == 1
    guild.let_go(session)
    guild.deliver("X", b"{}", words_of(0))
    assert (len(guild), connection.names(), session.slots) == (0, [], {})


def test_words_past_the_table_are_nobodys() -> None:
    guild, (session, _) = FarGuild(guild_id=GUILD), make_session(1)
    assert guild.deliver("X", b"{}", words_of(0, 200)) == 0
    guild.seat(5, session)
    assert guild.deliver("X", b"{}", words_of(5, 200)) == 1


def test_all_sessions_go_with_the_home() -> None:
    guild = FarGuild(guild_id=GUILD)
    sessions = [make_session(user_id)[0] for user_id in (1, 2)]
    for slot, session in enumerate(sessions):
        guild.seat(slot, session)
    assert guild.end() == sessions
    assert (len(guild), [session.slots for session in sessions]) == (0, [{}, {}])
    assert guild.deliver("X", b"{}", words_of(0, 1)) == 0


@pytest.mark.parametrize("slot", [-1, 1 << 24, 1 << 70])
def test_slot_that_is_none_is_refused(slot: int) -> None:
    guild, (session, _) = FarGuild(guild_id=GUILD), make_session(1)
    with pytest.raises(ValueError, match="slot must be"):
        guild.seat(slot, session)
    assert (len(guild), session.slots) == (0, {})


def test_slot_that_is_taken_and_session_that_has_one_are_refused() -> None:
    guild, (first, _), (second, connection) = FarGuild(guild_id=GUILD), make_session(1), make_session(2)
    guild.seat(0, first)
    for slot, session in ((0, second), (1, first)):
        with pytest.raises(ValueError, match="the slot is taken"):
            guild.seat(slot, session)
    assert guild.deliver("X", b"{}", words_of(0, 1)) == 1
    assert (len(guild), connection.names()) == (1, [])


def test_words_that_are_cut_short_are_refused() -> None:
    guild, (session, connection) = FarGuild(guild_id=GUILD), make_session(1)
    guild.seat(0, session)
    with pytest.raises(ValueError, match="words must"):
        guild.deliver("X", b"{}", b"\x01")
    assert connection.names() == []


def test_dispatches_are_counted() -> None:
    counts: list[tuple[str, int]] = []
    guild = FarGuild(guild_id=GUILD, on_dispatch=lambda *count: counts.append(count))
    guild.seat(2, make_session(1)[0])
    guild.deliver("X", b"{}", words_of(1, 2))
    guild.deliver_message("MESSAGE_CREATE", b"{}", words_of(1, 2), author_id=0, mention_ids=())
    assert counts == [("X", 1), ("MESSAGE_CREATE", 1)]
