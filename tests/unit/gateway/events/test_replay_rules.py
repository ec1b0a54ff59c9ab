"""Every event has a rule for replays, in the guild's table and in the user's."""

import itertools

import pytest

from core.domain.events import EVENTS, INTERNAL_EVENTS, Audience, UnknownEvent, WrongAudience, check_audience
from gateway.events.replay_rules import _GUILD_EVENTS, _USER_EVENTS, GUILD_RULES, USER_RULES, ReplayRule


def may_be_announced(event: str, *, in_guild: bool) -> bool:
    """Return whether the domain's table of events lets it be announced at all."""
    for audience in Audience:
        try:
            check_audience(event, audience, in_guild=in_guild)
        except (UnknownEvent, WrongAudience):
            continue
        return True
    return False


def test_every_event_of_guilds_has_a_rule() -> None:
    announced = {event for event in EVENTS if may_be_announced(event, in_guild=True)}

    assert GUILD_RULES.keys() == announced


def test_every_event_of_users_has_a_rule() -> None:
    announced = {event for event in EVENTS | INTERNAL_EVENTS if may_be_announced(event, in_guild=False)}

    assert USER_RULES.keys() == announced


@pytest.mark.parametrize("rules", [_GUILD_EVENTS, _USER_EVENTS])
def test_no_event_has_two_rules(rules: dict[ReplayRule, frozenset[str]]) -> None:
    for one, other in itertools.combinations(rules.values(), 2):
        assert not one & other
