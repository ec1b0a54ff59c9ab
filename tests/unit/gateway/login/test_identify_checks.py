"""The checks of an Identify, and the profile that results."""

from typing import Any

import pytest

from core.domain.application import PRIVILEGED_FLAGS, Application
from core.domain.intents import ALL_INTENTS, Intent
from core.domain.people.user import AuthSession, User
from core.wire import close_codes
from gateway.commands.commands import Identify
from gateway.login.identify_checks import make_profile
from gateway.login.refusal import Refusal
from gateway.sessions.session import SessionProfile

AUTH = AuthSession(id=9, user_id=5, token_hash=b"hash", created_ms=0, last_used_ms=0)


def profile(*, bot: bool = True, flags: int | None = PRIVILEGED_FLAGS, **fields: Any) -> SessionProfile:
    """The profile of an Identify."""
    application = None if flags is None else Application(id=5, owner_id=1, name="app", flags=flags)
    command = Identify(**{"token": "t", "intents": 1, **fields})
    user = User(id=5, username="u", bot=bot)
    return make_profile(command, AUTH, user, application, session_id="s", default_large_threshold=50)


def test_profile_has_what_was_asked_for() -> None:
    found = profile(shard=[1, 2], large_threshold=100, properties={"os": "linux"})
    assert (found.user_id, found.auth_session_id, found.token_hash) == (5, 9, b"hash")
    assert (found.shard_id, found.shard_count, found.large_threshold, found.os) == (1, 2, 100, "linux")


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (0, 50), (10, 50), (250, 250), (1000, 250), (-3, 50)])
def test_large_threshold_is_kept_in_its_bounds(asked: int | None, given: int) -> None:
    assert profile(large_threshold=asked).large_threshold == given


def test_person_has_all_intents_whatever_it_says() -> None:
    assert profile(bot=False, flags=None, intents=None).intents == ALL_INTENTS
    assert profile(bot=False, flags=None, intents=1 << 40).intents == ALL_INTENTS


@pytest.mark.parametrize("intent", [Intent.GUILD_MEMBERS, Intent.GUILD_PRESENCES, Intent.MESSAGE_CONTENT])
@pytest.mark.parametrize("flags", [None, 0])
def test_privileged_intent_needs_its_flag(intent: Intent, flags: int | None) -> None:
    with pytest.raises(Refusal) as refused:
        profile(flags=flags, intents=int(intent))
    assert refused.value.close_code is close_codes.DISALLOWED_INTENTS
    assert profile(intents=int(intent)).intents == intent
    full = {Intent.GUILD_PRESENCES: 1 << 12, Intent.GUILD_MEMBERS: 1 << 14, Intent.MESSAGE_CONTENT: 1 << 18}[intent]
    assert profile(flags=full, intents=int(intent)).intents == intent


@pytest.mark.parametrize("bit", [17, 18, 19, 22, 23, 26, 27, 28])
def test_intents_that_name_nothing_are_taken(bit: int) -> None:
    assert profile(intents=1 << bit | 1).intents == 1


@pytest.mark.parametrize("intents", [-1, 1 << 29, 1 << 30, 1 << 64])
def test_intents_that_there_are_not_are_refused(intents: int) -> None:
    with pytest.raises(Refusal) as caught:
        profile(intents=intents)
    assert caught.value.close_code is close_codes.INVALID_INTENTS


@pytest.mark.parametrize(
    ("properties", "bot", "platform"),
    [
        (None, False, "desktop"),
        ({"browser": "Discord Client"}, False, "desktop"),
        ({"browser": "Discord Android"}, False, "mobile"),
        ({"$browser": "Discord iOS"}, True, "mobile"),
        ({"browser": "Firefox"}, False, "web"),
        ({"browser": "discord.py"}, True, "web"),
        ({"browser": 5}, False, "desktop"),
    ],
)
def test_platform_is_told_by_the_browser(properties: dict[str, Any] | None, bot: bool, platform: str) -> None:
    assert profile(bot=bot, properties=properties).platform == platform


def test_system_that_others_are_shown_is_cut() -> None:
    assert profile(bot=False, properties={"os": "x" * 5000}).os == "x" * 32


def test_large_identify_is_a_persons_alone() -> None:
    assert profile(bot=False, is_large=True).is_bot is False
    with pytest.raises(Refusal) as caught:
        profile(is_large=True)
    assert caught.value.close_code is close_codes.DECODE_ERROR
