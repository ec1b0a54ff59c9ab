"""Sessions with fake connections, for tests of the gateway."""

from core.domain.intents import ALL_INTENTS
from gateway.sessions.session import Session, SessionProfile
from tests.fakes.gateway.gateway_connection import FakeConnection


def make_session(
    user_id: int,
    *,
    session_id: str = "session",
    intents: int = ALL_INTENTS,
    is_bot: bool = True,
    auth_session_id: int = 1,
    shard: tuple[int, int] = (0, 1),
    large_threshold: int = 50,
    platform: str = "desktop",
    capabilities: int = 0,
    max_events: int = 1000,
) -> tuple[Session, FakeConnection]:
    """Make a session with a connection."""
    profile = SessionProfile(
        session_id=session_id,
        user_id=user_id,
        is_bot=is_bot,
        auth_session_id=auth_session_id,
        token_hash=b"",
        intents=intents,
        shard_id=shard[0],
        shard_count=shard[1],
        large_threshold=large_threshold,
        capabilities=capabilities,
        platform=platform,
    )
    session = Session(profile, replay_events=max_events, replay_bytes=1 << 20)
    connection = FakeConnection()
    session.connection = connection  # type: ignore[assignment] # as much of one as sessions use
    return session, connection
