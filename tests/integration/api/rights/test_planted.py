"""The attempts must find a missing check: each test removes one, and an attempt must fail."""

from typing import Any, Final

import pytest

from api.services.access import ChannelAccess, GuildAccess
from core.domain.channels.channel import Channel
from tests.integration.api.rights.attempts import Stage

ATTEMPTS: Final = 2000
"""The attempts by which a defect must be found. Of the rarest one in 150 finds it."""


def nothing(*_: Any, **__: Any) -> None:
    """Stand for a check that passes everything."""


async def nothing_later(*_: Any, **__: Any) -> None:
    """Stand for a check that reads the store and passes everything."""


def always(*_: Any, **__: Any) -> bool:
    """Stand for a question whose answer is always yes."""
    return True


def without_view(guild: GuildAccess, channel: Channel) -> ChannelAccess:
    """Give access with all permissions to a channel, also to a hidden one."""
    return ChannelAccess(channel=channel, permissions=-1, guild=guild)


def any_role(access: GuildAccess, role_id: int) -> Any:
    """A role of the guild, wherever it stands."""
    return access.entry.roles[role_id]


MOVE = "PATCH /guilds/{guild_id}/channels"
PLANTED: Final[dict[str, tuple[str, str, object]]] = {
    "locking asks for no right to overwrites": (MOVE, "api.services.channels.channel_positions.require_grant", nothing),
    "hidden channels are moved": (MOVE, "api.services.channels.channel_positions.access_guild_channel", without_view),
    "channels go where nobody may put them": (MOVE, "api.services.channels.channel_positions.require_place", nothing),
    "a channel is made in a hidden category": (
        "POST /guilds/{guild_id}/channels",
        "api.services.channels.channels.require_place",
        nothing,
    ),
    "a channel is edited into a hidden category": (
        "PATCH /channels/{channel_id}",
        "api.services.channels.channels.require_place",
        nothing,
    ),
    "a closed category leaves its channels open": (
        "PUT /channels/{channel_id}/permissions/{overwrite_id}",
        "api.services.channels.overwrites.sync_children",
        nothing_later,
    ),
    "overwrites give what one does not have": (
        "PUT /channels/{channel_id}/permissions/{overwrite_id}",
        "api.services.channels.overwrites.check_grant",
        nothing,
    ),
    "managers switch COMMUNITY": (
        "PATCH /guilds/{guild_id}",
        "api.services.guilds.guilds._OF_ADMINISTRATORS",
        frozenset(),
    ),
    "guilds point at hidden channels": (
        "PATCH /guilds/{guild_id}",
        "api.services.guilds.guilds._require_views",
        nothing,
    ),
    "voice channels' text is open": (
        "POST /channels/{channel_id}/messages",
        "api.services.access.GuildAccess.reads",
        always,
    ),
    "kicks go upwards": (
        "DELETE /guilds/{guild_id}/members/{user_id}",
        "api.services.access.GuildAccess.outranks",
        always,
    ),
    "bans go upwards": (
        "PUT /guilds/{guild_id}/bans/{user_id}",
        "api.services.members.bans._may_ban",
        always,
    ),
    "roles are taken from above": (
        "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        "api.services.members.members.check_role",
        any_role,
    ),
    "roles climb over their mover": (
        "PATCH /guilds/{guild_id}/roles",
        "api.services.roles.roles.is_order_allowed",
        always,
    ),
    "administrators are timed out": (
        "PATCH /guilds/{guild_id}/members/{user_id}",
        "api.services.members.member_rules._check_timeout",
        nothing,
    ),
}


def try_often(stage: Stage, route: str, times: int) -> None:
    """Attempts of one route with the seeds from 0."""
    for seed in range(times):
        stage.attempt(route, seed)


@pytest.mark.parametrize("defect", PLANTED)
def test_planted_defect_is_found(stage: Stage, defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    route, place, replacement = PLANTED[defect]
    monkeypatch.setattr(place, replacement)
    with pytest.raises(AssertionError):
        try_often(stage, route, ATTEMPTS)


def test_nothing_is_found_without_a_defect(stage: Stage) -> None:
    for route in {route for route, _, _ in PLANTED.values()}:
        try_often(stage, route, 20)
