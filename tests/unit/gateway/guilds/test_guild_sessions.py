"""The table of a guild's sessions: who sits in it."""

from gateway.guilds.guild_sessions import GuildSessions
from gateway.sessions.far_guild import FarGuild
from tests.support.gateway.sessions import make_session

GUILD = 1


def test_session_that_sits_at_another_worker_does_not_sit_here() -> None:
    here = GuildSessions(guild_id=GUILD, channel_ids=(10,))
    staying, moving = (make_session(user_id)[0] for user_id in (7, 8))
    here.add(staying, (10,))
    FarGuild(guild_id=GUILD).seat(staying.slots[GUILD], moving)
    assert staying in here
    assert moving not in here


def test_session_that_has_left_does_not_sit_here() -> None:
    here = GuildSessions(guild_id=GUILD, channel_ids=(10,))
    session = make_session(7)[0]
    assert session not in here
    here.add(session, (10,))
    here.remove(session)
    assert session not in here
