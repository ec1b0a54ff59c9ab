"""A made-up guild: its people are plausible, and the same source gives the same ones."""

import random

from core.domain.guilds.member import Member
from core.domain.ids import created_ms
from core.domain.people.user import Account
from guildway.demonstration.crowd import IDS_OF_A_GUILD, Plan, make_people, plan_guild

NOW_MS = 1_800_000_000_000


def plan(first_id: int = 1000) -> Plan:
    return plan_guild(range(first_id, first_id + IDS_OF_A_GUILD), owner_id=7)


def people(count: int, seed: int = 1, first_id: int = 1000) -> list[tuple[Account, Member]]:
    return list(make_people(count, plan=plan(first_id), now_ms=NOW_MS, source=random.Random(seed)))


def test_plan_has_hoisted_roles_and_a_channel_that_not_everybody_sees() -> None:
    made = plan()
    assert sum(role.hoist for role in made.roles) >= 3
    assert len({role.position for role in made.roles}) == len(made.roles)
    assert made.roles[0].id == made.guild.id
    assert [bool(channel.overwrites) for channel in made.channels].count(True) == 1
    assert made.guild.system_channel_id in {channel.id for channel in made.channels}


def test_people_have_rising_ids_names_of_their_own_and_joined_after_they_were_made() -> None:
    made = people(3000)
    ids = [account.user.id for account, _ in made]
    assert ids == sorted(set(ids))
    assert len({account.user.username for account, _ in made}) == 3000
    assert max(len(account.user.username) for account, _ in made) <= 32
    assert all(created_ms(member.user.id) <= member.joined_ms <= NOW_MS for _, member in made)
    assert 0 < sum(bool(member.role_ids) for _, member in made) < 3000
    assert sum(member.nick is not None for _, member in made) > 0


def test_same_source_gives_the_same_people_and_another_guild_other_names() -> None:
    assert people(50) == people(50)
    names = {account.user.username for account, _ in people(50)}
    assert not names & {account.user.username for account, _ in people(50, first_id=1 << 40)}


def test_one_person_is_possible() -> None:
    assert len(people(1)) == 1
    assert people(0) == []
