"""The tables of events and intents: closed, and with a row for every event that the code names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.intents import (
    ACCEPTED_INTENTS,
    ALL_INTENTS,
    EVENTS,
    PRIVILEGED,
    Intent,
    UnknownEvent,
    required_intent,
)

ROOT = Path(__file__).parents[4]

LOOKS_LIKE_AN_EVENT = re.compile(
    r"(?:[A-Z]+_)+(?:CREATE|UPDATE|DELETE|ADD|REMOVE|BULK|START|CHUNK|REPLACE|SYNC|ERROR|EMOJI|ACK|SEND|EXECUTION)(?:_V\d)?"
)
OTHER_NAMES = frozenset({"BASE_TYPE_ERROR"})
"""Names of that look which are no events."""

NAMES_AN_EVENT = frozenset(
    {
        "guild_event",
        "guild_permission_event",
        "channel_event",
        "user_event",
        "announce_channel",
        "for_channel",
        "_event",
        "_message_event",
        "DispatchBody",
        "SplicedBody",
        "select",
        "with_intent",
        "required_intent",
        "count",
        "_send_channel",
    }
)
"""Functions that are given the name of an event: every name of capitals among their arguments is one."""


def sources() -> Iterator[ast.AST]:
    for tier in ("api", "gateway", "core", "guildway"):
        for path in sorted((ROOT / tier).rglob("*.py")):
            if path.name != "intents.py":
                yield ast.parse(path.read_text(), str(path))


def named_events() -> set[str]:
    names: set[str] = set()
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if LOOKS_LIKE_AN_EVENT.fullmatch(node.value):
                    names.add(node.value)
            elif isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in NAMES_AN_EVENT:
                    given = [*node.args, *[keyword.value for keyword in node.keywords if keyword.arg == "event"]]
                    names |= {
                        each.value
                        for each in given
                        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isupper()
                    }
    return names - OTHER_NAMES


def test_every_event_that_the_code_names_has_a_row() -> None:
    named = named_events()
    assert named >= {"READY", "RESUMED", "GUILD_BAN_ADD", "PASSIVE_UPDATE_V1", "GUILD_MEMBER_LIST_UPDATE"}
    assert named - EVENTS == set()


@pytest.mark.parametrize("in_guild", [True, False])
@pytest.mark.parametrize("event", ["", "GUILD_CRAETE", "message_create", "_GUILD_JOINED", "READY "])
def test_unknown_event_raises(event: str, in_guild: bool) -> None:
    with pytest.raises(UnknownEvent):
        required_intent(event, in_guild=in_guild)


@pytest.mark.parametrize(("event", "in_guild"), [("GUILD_MEMBER_ADD", False), ("READY", True), ("USER_UPDATE", True)])
def test_event_of_the_other_scope_raises(event: str, in_guild: bool) -> None:
    with pytest.raises(UnknownEvent):
        required_intent(event, in_guild=in_guild)


@pytest.mark.parametrize(
    ("event", "in_guild", "intent"),
    [
        ("MESSAGE_CREATE", True, Intent.GUILD_MESSAGES),
        ("MESSAGE_CREATE", False, Intent.DIRECT_MESSAGES),
        ("MESSAGE_REACTION_ADD", True, Intent.GUILD_MESSAGE_REACTIONS),
        ("MESSAGE_REACTION_ADD", False, Intent.DIRECT_MESSAGE_REACTIONS),
        ("TYPING_START", False, Intent.DIRECT_MESSAGE_TYPING),
        ("GUILD_EMOJIS_UPDATE", True, Intent.GUILD_EXPRESSIONS),
        ("CHANNEL_CREATE", True, Intent.GUILDS),
        ("CHANNEL_CREATE", False, 0),
        ("GUILD_MEMBERS_CHUNK", True, 0),
        ("READY", False, 0),
    ],
)
def test_event_needs_the_intent_of_its_scope(event: str, in_guild: bool, intent: int) -> None:
    assert required_intent(event, in_guild=in_guild) == intent


def test_every_intent_but_content_has_events() -> None:
    """A bit that nothing needs would be a row that was forgotten."""
    needed = {required_intent(event, in_guild=in_guild) for event, in_guild in known_pairs()}
    assert needed == {0} | {int(intent) for intent in Intent if intent is not Intent.MESSAGE_CONTENT}


def known_pairs() -> Iterator[tuple[str, bool]]:
    for event in EVENTS:
        for in_guild in (True, False):
            try:
                required_intent(event, in_guild=in_guild)
            except UnknownEvent:
                continue
            yield event, in_guild


def test_accepted_intents_are_the_known_ones_and_those_that_name_nothing() -> None:
    assert [bit for bit in range(64) if ACCEPTED_INTENTS & ~ALL_INTENTS & 1 << bit] == [17, 18, 19, 22, 23, 26, 27, 28]
    assert ACCEPTED_INTENTS & PRIVILEGED == PRIVILEGED == 1 << 1 | 1 << 8 | 1 << 15
