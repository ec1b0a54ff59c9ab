"""The table of events: closed, and the one place where the code has the names of events."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain import events
from core.domain.events import (
    EVENTS,
    INTERNAL_EVENTS,
    Audience,
    UnknownEvent,
    WrongAudience,
    check_audience,
    required_intent,
)
from core.domain.intents import Intent

ROOT = Path(__file__).parents[4]

LOOKS_LIKE_AN_EVENT = re.compile(
    r"(?:[A-Z]+_)+(?:CREATE|UPDATE|DELETE|ADD|REMOVE|BULK|START|CHUNK|REPLACE|SYNC|ERROR|EMOJI|ACK|SEND|EXECUTION)(?:_V\d)?"
)
OTHER_NAMES = frozenset({"BASE_TYPE_ERROR"})
"""Names of that look which are no events."""


def literals() -> Iterator[tuple[str, int, str]]:
    """The strings in the code that are an event's name, or look like one."""
    for tier in ("api", "gateway", "core", "guildway", "benchmarks"):
        for path in sorted((ROOT / tier).rglob("*.py")):
            if path == ROOT / "core" / "domain" / "events.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(), str(path))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    name = node.value
                    if name in EVENTS | INTERNAL_EVENTS or LOOKS_LIKE_AN_EVENT.fullmatch(name):
                        yield str(path.relative_to(ROOT)), node.lineno, name


def test_names_of_events_are_written_in_the_table_alone() -> None:
    """All others import them, so that a name with a typing error does not even load."""
    assert [each for each in literals() if each[2] not in OTHER_NAMES] == []


def test_each_name_is_bound_as_it_is_written() -> None:
    bound = {value: name for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert {value.lstrip("_"): value for value in bound} == {name: value for value, name in bound.items()}
    assert bound.keys() == EVENTS | INTERNAL_EVENTS


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


@pytest.mark.parametrize(
    ("event", "in_guild", "audience"),
    [
        (events.MESSAGE_CREATE, True, Audience.CHANNEL),
        (events.MESSAGE_CREATE, False, Audience.USER),
        (events.CHANNEL_CREATE, False, Audience.USER),
        (events.GUILD_BAN_ADD, True, Audience.GUILD_PERMISSION),
        (events.GUILD_MEMBER_ADD, True, Audience.GUILD),
        (events.USER_UPDATE, False, Audience.USER),
        (events.SESSION_REVOKED, False, Audience.USER),
    ],
)
def test_event_goes_to_its_audience_alone(event: str, in_guild: bool, audience: Audience) -> None:
    check_audience(event, audience, in_guild=in_guild)
    for other in set(Audience) - {audience}:
        with pytest.raises(WrongAudience):
            check_audience(event, other, in_guild=in_guild)


@pytest.mark.parametrize(("event", "in_guild"), [(events.READY, False), (events.GUILD_MEMBERS_CHUNK, True)])
def test_event_for_a_single_session_goes_to_no_audience(event: str, in_guild: bool) -> None:
    for audience in Audience:
        with pytest.raises(WrongAudience):
            check_audience(event, audience, in_guild=in_guild)


def test_unknown_event_has_no_audience() -> None:
    with pytest.raises(UnknownEvent):
        check_audience("_GUILD_LEFT", Audience.USER, in_guild=False)
