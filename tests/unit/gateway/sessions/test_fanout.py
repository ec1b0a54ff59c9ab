"""Each session gets its variant of a message."""

from typing import Any

import msgspec

from core.domain.intents import ALL_INTENTS, Intent
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants, fan_out, fan_out_message
from tests.support.gateway.sessions import make_session

PAYLOAD = {"content": "text", "embeds": [{}], "attachments": [{}], "components": [{}], "poll": {}, "nonce": "n"}
BARE = {"content": "", "embeds": [], "attachments": [], "components": []}
WITHOUT_CONTENT = ALL_INTENTS & ~Intent.MESSAGE_CONTENT


def message() -> DispatchBody:
    """A message."""
    return DispatchBody("MESSAGE_CREATE", msgspec.json.encode(PAYLOAD))


def test_everybody_gets_the_variant_that_it_may_see() -> None:
    author, mentioned, intent, other = (
        make_session(user_id, intents=ALL_INTENTS if user_id == 3 else WITHOUT_CONTENT) for user_id in range(1, 5)
    )
    tracks = [session.track for session, _ in (author, mentioned, intent, other)]
    variants = MessageVariants(message(), author_id=1, mention_ids=(2, 9))
    slots_of = {1: [0], 2: [1], 9: [4]}.__getitem__
    sent = fan_out_message(tracks, SlotSet(range(4)), variants, content=SlotSet((2, 4)), slots_of=slots_of)
    assert sent == 4
    public = {name: value for name, value in PAYLOAD.items() if name != "nonce"}
    seen = [connection.dispatched[0][1] for _, connection in (author, mentioned, intent, other)]
    assert seen == [PAYLOAD, public, public, BARE]


def test_variant_without_a_nonce_is_the_message_itself() -> None:
    body = DispatchBody("MESSAGE_CREATE", b'{"content":"x"}')
    session, _ = make_session(2)
    assert MessageVariants(body, author_id=1, mention_ids=()).variant_for(session) is body


def test_forms_are_made_once() -> None:
    variants = MessageVariants(message(), author_id=1, mention_ids=())
    sessions = [make_session(user_id, intents=WITHOUT_CONTENT)[0] for user_id in (2, 3)]
    assert variants.variant_for(sessions[0]) is variants.variant_for(sessions[1])


def test_slot_that_was_given_back_meanwhile_is_skipped() -> None:
    session, connection = make_session(1)
    both, variants = SlotSet((0, 1)), MessageVariants(message(), author_id=0, mention_ids=())
    assert fan_out([None, session.track], both, DispatchBody("X", b"{}")) == 1
    assert fan_out_message([None, session.track], both, variants, content=both, slots_of=lambda _: ()) == 1
    assert connection.names() == ["X", "MESSAGE_CREATE"]


def quoting(*, author_id: int, quoted_id: int) -> DispatchBody:
    """A message that answers another one and shows a third."""
    quoted = {"author": {"id": str(quoted_id)}, "mentions": [], "content": "quoted", "embeds": []}
    payload = {
        "author": {"id": str(author_id)},
        "mentions": [],
        "content": "text",
        "referenced_message": quoted,
        "message_snapshots": [{"message": {"mentions": [], "content": "shown"}}],
    }
    return DispatchBody("MESSAGE_CREATE", msgspec.json.encode(payload))


def contents_of(payload: Any) -> tuple[str, str, str]:
    [snapshot] = payload["message_snapshots"]
    return payload["content"], payload["referenced_message"]["content"], snapshot["message"]["content"]


def test_quoted_messages_are_judged_by_themselves() -> None:
    author, quoted, other = (make_session(user_id, intents=WITHOUT_CONTENT) for user_id in (1, 2, 3))
    variants = MessageVariants(quoting(author_id=1, quoted_id=2), author_id=1, mention_ids=())
    tracks = [session.track for session, _ in (author, quoted, other)]
    slots_of = {1: [0], 2: [1], 3: [2]}.__getitem__
    assert fan_out_message(tracks, SlotSet(range(3)), variants, content=SlotSet(), slots_of=slots_of) == 3
    seen = [contents_of(connection.dispatched[0][1]) for _, connection in (author, quoted, other)]
    assert seen == [("text", "", ""), ("", "quoted", ""), ("", "", "")]
    for session, _ in (author, quoted, other):
        expected = seen[session.user_id - 1]
        assert contents_of(msgspec.json.decode(variants.variant_for(session).payload)) == expected


def test_direct_messages_show_all_but_what_their_reader_forwards() -> None:
    author, other = (make_session(user_id, intents=WITHOUT_CONTENT)[0] for user_id in (1, 2))
    variants = MessageVariants(quoting(author_id=1, quoted_id=2), author_id=1, mention_ids=(), is_direct=True)
    seen = [contents_of(msgspec.json.decode(variants.variant_for(each).payload)) for each in (author, other)]
    assert seen == [("text", "quoted", ""), ("text", "quoted", "shown")]
