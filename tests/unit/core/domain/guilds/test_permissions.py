"""Permissions of members, computed from the entities."""

import msgspec
import pytest

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import (
    ALL_PERMISSIONS,
    DEFAULT_EVERYONE,
    TIMEOUT_ALLOWED,
    Permission,
    compute_base_permissions,
    compute_channel_permissions,
)
from core.domain.guilds.role import Role
from core.domain.people.user import User
from core_ext import guild as kernels
from core_ext.guild import permissions_py
from tests.support.member_permissions import compute_member_permissions

GUILD_ID, OWNER_ID, USER_ID, MODERATOR_ID, ADMIN_ID = 100, 1, 2, 200, 201
NOW_MS = 1_700_000_000_000

VIEW, SEND, READ = Permission.VIEW_CHANNEL, Permission.SEND_MESSAGES, Permission.READ_MESSAGE_HISTORY


def role(role_id: int, permissions: int) -> Role:
    return Role(id=role_id, guild_id=GUILD_ID, name=str(role_id), permissions=permissions)


def channel(kind: ChannelType = ChannelType.TEXT, *overwrites: Overwrite) -> Channel:
    return Channel(id=300, type=kind, guild_id=GUILD_ID, overwrites=overwrites)


def snapshot(everyone: int = DEFAULT_EVERYONE) -> GuildSnapshot:
    return GuildSnapshot(
        guild=Guild(id=GUILD_ID, name="g", owner_id=OWNER_ID),
        roles=(
            role(GUILD_ID, everyone),
            role(MODERATOR_ID, Permission.MANAGE_MESSAGES),
            role(ADMIN_ID, Permission.ADMINISTRATOR),
        ),
        channels=(),
        member_count=1,
        revision=0,
    )


def member(user_id: int = USER_ID, *role_ids: int, timeout_until_ms: int = 0) -> Member:
    user = User(id=user_id, username=str(user_id))
    return Member(guild_id=GUILD_ID, user=user, joined_ms=0, role_ids=role_ids, timeout_until_ms=timeout_until_ms)


@pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning")
def test_names_are_those_that_discord_py_knows() -> None:
    import discord

    ours = {int(permission) for permission in Permission}
    theirs = {1 << n for n in range(64) if discord.Permissions.all().value >> n & 1}
    assert theirs <= ours
    for permission in Permission:
        name = permission.name.lower().replace("use_vad", "use_voice_activation").replace("guild_expr", "expr")
        assert discord.Permissions.VALID_FLAGS[name] == permission


def test_kernels_mean_the_same_bits_by_the_same_names() -> None:
    named = {name: value for name, value in vars(permissions_py).items() if name in Permission.__members__}
    assert len(named) > 20
    assert all(Permission[name] == value for name, value in named.items())
    assert sum(Permission) == ALL_PERMISSIONS == kernels.ALL_PERMISSIONS
    assert TIMEOUT_ALLOWED == VIEW | READ
    assert DEFAULT_EVERYONE & ~ALL_PERMISSIONS == 0


@pytest.mark.parametrize("bit", ["ADMINISTRATOR", "MANAGE_GUILD", "MANAGE_ROLES", "KICK_MEMBERS", "MANAGE_MESSAGES"])
def test_default_everyone_has_no_power_over_others(bit: str) -> None:
    assert not DEFAULT_EVERYONE & Permission[bit]
    assert DEFAULT_EVERYONE & (VIEW | SEND) == VIEW | SEND


def test_base_is_everyone_and_the_members_roles_and_skips_roles_that_are_gone() -> None:
    roles = {r.id: r for r in snapshot(everyone=VIEW).roles}
    guild = snapshot().guild
    held = compute_base_permissions(guild=guild, roles=roles, user_id=USER_ID, role_ids=(MODERATOR_ID, 999))
    assert held == VIEW | Permission.MANAGE_MESSAGES


def test_base_of_owner_and_administrator_is_everything_also_when_timed_out() -> None:
    late = NOW_MS + 1
    for who in (member(OWNER_ID, timeout_until_ms=late), member(USER_ID, ADMIN_ID, timeout_until_ms=late)):
        assert compute_member_permissions(snapshot(0), who, now_ms=NOW_MS) == ALL_PERMISSIONS
        hidden = channel(ChannelType.TEXT, Overwrite(GUILD_ID, 0, 0, int(VIEW)))
        assert compute_member_permissions(snapshot(0), who, now_ms=NOW_MS, channel=hidden) == ALL_PERMISSIONS


def test_timeout_counts_until_its_instant_and_no_longer() -> None:
    who = member(USER_ID, MODERATOR_ID, timeout_until_ms=NOW_MS)
    for place in (None, channel()):
        assert compute_member_permissions(snapshot(), who, now_ms=NOW_MS - 1, channel=place) == TIMEOUT_ALLOWED
        assert compute_member_permissions(snapshot(), who, now_ms=NOW_MS, channel=place) & Permission.MANAGE_MESSAGES


def test_channel_denied_to_everyone_and_allowed_to_a_role_is_seen_by_that_role_only() -> None:
    private = channel(ChannelType.TEXT, Overwrite(GUILD_ID, 0, 0, int(VIEW)), Overwrite(MODERATOR_ID, 0, int(VIEW), 0))
    assert compute_member_permissions(snapshot(), member(), now_ms=NOW_MS, channel=private) == 0
    seen = compute_member_permissions(snapshot(), member(USER_ID, MODERATOR_ID), now_ms=NOW_MS, channel=private)
    assert seen == DEFAULT_EVERYONE | Permission.MANAGE_MESSAGES


@pytest.mark.parametrize("kind", [kind for kind in ChannelType if kind is not ChannelType.CATEGORY])
def test_channel_without_send_takes_mentions_and_files_with_it(kind: ChannelType) -> None:
    quiet = channel(kind, Overwrite(GUILD_ID, 0, 0, int(SEND)))
    held = compute_member_permissions(snapshot(), member(), now_ms=NOW_MS, channel=quiet)
    lost = SEND | Permission.MENTION_EVERYONE | Permission.ATTACH_FILES | Permission.EMBED_LINKS
    assert held == DEFAULT_EVERYONE & ~lost


def test_channel_without_connect_loses_voice_in_voice_channels_only() -> None:
    shut = Overwrite(GUILD_ID, 0, 0, int(Permission.CONNECT))
    for kind, speaks in ((ChannelType.VOICE, False), (ChannelType.STAGE, False), (ChannelType.TEXT, True)):
        held = compute_member_permissions(snapshot(), member(), now_ms=NOW_MS, channel=channel(kind, shut))
        assert bool(held & Permission.SPEAK) is speaks
        assert held & SEND


def test_channel_takes_overwrites_as_they_come_from_storage() -> None:
    stored = msgspec.msgpack.encode([[USER_ID, 1, int(SEND), 0]])
    place = channel(ChannelType.TEXT, *msgspec.msgpack.decode(stored, type=tuple[Overwrite, ...]))
    held = compute_channel_permissions(base=int(VIEW), channel=place, user_id=USER_ID, role_ids=())
    assert held == VIEW | SEND
