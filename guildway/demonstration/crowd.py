"""A made-up guild with many members, their roles and channels. The module does no I/O; `crowd_demo` stores the guild.

The same random source gives the same crowd. The ids spread people over four years, as if their accounts were made one
after the other. Most people have no role, and some have one that shows in the member list.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.guilds.role import Role
from core.domain.ids import created_ms, snowflake_at
from core.domain.people.user import Account, User

MAX_MEMBERS: Final = 500_000
"""The largest guild that the server is designed for."""

_SPREAD_MS: Final = 4 * 365 * 24 * 60 * 60 * 1000
_DAY_MS: Final = 24 * 60 * 60 * 1000

_GIVEN_NAMES: Final = (
    "Ada Alan Amara Anders Aiko Barbara Björn Carmen Chidi Clara Dilip Donald Edith Edsger Élise Emmy Farid Frances "
    "Grace Haruki Hedy Ingrid Ivan Jean Joan Julia Kalpana Karen Kenji Lars Leila Leslie Linus Lucía Margaret Mateo "
    "Mei Mina Nadia Niklaus Noor Olga Omar Óscar Petra Priya Radia Rasmus Rosa Sofia Sophie Tariq Tim Ursula Vera Wei "
    "Yusuf Zoë"
)
_FAMILY_NAMES: Final = (
    "Adeyemi Allen Andersson Babbage Bakker Bartik Berners Boole Cerf Chen Conway Dahl Dijkstra Ekström Fernández "
    "Floyd Gödel Goldberg Hamilton Hopper Ito Johansson Kaya Keller Kim Knuth Kowalski Lamarr Lamport Liskov Lovelace "
    "Mbeki Meyer Moore Nakamura Noether Novák Okafor Perlman Popov Ritchie Rossi Sammet Schneider Shannon Silva "
    "Tanaka Turing Ueda Varga Weber Wilkes Wirth Yamada Zhang Zuse"
)
_GIVEN: Final = _GIVEN_NAMES.split()
_FAMILY: Final = _FAMILY_NAMES.split()


class _Kind(msgspec.Struct, frozen=True):
    """A role, and the share of the members that hold it."""

    name: str
    share: float
    hoist: bool
    color: int
    permissions: int = 0


_KINDS: Final = (
    _Kind("Keepers", 0.0002, hoist=True, color=0xE74C3C, permissions=int(Permission.MANAGE_GUILD)),
    _Kind("Moderators", 0.001, hoist=True, color=0xE67E22, permissions=int(Permission.MANAGE_MESSAGES)),
    _Kind("Helpers", 0.01, hoist=True, color=0x3498DB),
    _Kind("Regulars", 0.05, hoist=True, color=0x2ECC71),
    _Kind("Newcomers", 0.25, hoist=False, color=0x95A5A6),
)
"""The roles from the highest down. Rare roles come first, so that a small crowd has some of each."""

_TEXT_CHANNELS: Final = ("welcome", "lounge", "questions", "show-and-tell", "off-topic")


class Plan(msgspec.Struct, kw_only=True, frozen=True):
    """A guild without its members."""

    guild: Guild
    roles: tuple[Role, ...]
    channels: tuple[Channel, ...]


def plan_guild(ids: Sequence[int], *, owner_id: int) -> Plan:
    """Plan the guild with its roles and channels. It takes `IDS_OF_A_GUILD` of the ids."""
    guild_id, *rest = ids
    role_ids, channel_ids = rest[: len(_KINDS)], rest[len(_KINDS) :]
    everyone = Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=DEFAULT_EVERYONE)
    roles = tuple(
        Role(id=role_id, guild_id=guild_id, name=kind.name, permissions=kind.permissions, color=kind.color,
             hoist=kind.hoist, position=len(_KINDS) - index)
        for index, (role_id, kind) in enumerate(zip(role_ids, _KINDS, strict=True))
    )  # fmt: skip
    view = int(Permission.VIEW_CHANNEL)
    hidden = (Overwrite(guild_id, 0, 0, view), Overwrite(role_ids[0], 0, view, 0), Overwrite(role_ids[1], 0, view, 0))
    names = [*_TEXT_CHANNELS, "moderators"]
    channels = tuple(
        Channel(id=channel_id, type=int(ChannelType.TEXT), guild_id=guild_id, name=name, position=position,
                overwrites=hidden if name == "moderators" else ())
        for position, (channel_id, name) in enumerate(zip(channel_ids, names, strict=True))
    )  # fmt: skip
    guild = Guild(id=guild_id, name="The Crowd", owner_id=owner_id, system_channel_id=channel_ids[0])
    return Plan(guild=guild, roles=(everyone, *roles), channels=channels)


IDS_OF_A_GUILD: Final = 1 + len(_KINDS) + len(_TEXT_CHANNELS) + 1


def make_people(count: int, *, plan: Plan, now_ms: int, source: random.Random) -> Iterator[tuple[Account, Member]]:
    """Make people and their memberships, in ascending order of ids. They have no password and cannot log in."""
    tag = _base36(plan.guild.id >> 22)[-6:]
    step_ms = _SPREAD_MS // max(count, 1)
    for number in range(count):
        # The low bits are random, so that the ids of two crowds do not collide.
        made_ms = now_ms - _SPREAD_MS + number * step_ms + source.randrange(step_ms)
        user_id = snowflake_at(made_ms) | source.getrandbits(22)
        yield _make_person(user_id, number, tag, plan, now_ms, source)


def _make_person(
    user_id: int, number: int, tag: str, plan: Plan, now_ms: int, source: random.Random
) -> tuple[Account, Member]:
    given, family = source.choice(_GIVEN), source.choice(_FAMILY)
    global_name = f"{given} {family}" if source.random() < 0.7 else None
    username = f"{given}.{family}".casefold()[:18] + f".{tag}{_base36(number)}"
    user = User(id=user_id, username=username, global_name=global_name)
    member = Member(
        guild_id=plan.guild.id,
        user=user,
        joined_ms=min(now_ms, created_ms(user_id) + source.randrange(90 * _DAY_MS)),
        role_ids=_choose_roles(plan.roles[1:], source),
        nick=f"{given} the {source.choice(_TITLES)}" if source.random() < 0.05 else None,
    )
    return Account(user=user), member


_TITLES: Final = ("Patient", "Curious", "Brave", "Quiet", "Wise", "Swift", "Second", "Merry")


def _choose_roles(roles: Sequence[Role], source: random.Random) -> tuple[int, ...]:
    held = [role.id for role, kind in zip(roles, _KINDS, strict=True) if source.random() < kind.share]
    return tuple(sorted(held))


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits
