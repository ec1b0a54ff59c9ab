"""The log of voice: kept once, listed by page, user and channel, and removed when it is old."""

from core.domain.guilds.voice_session import VoiceSession
from core.store.interfaces import Store
from tests.contract.builders import flake

GUILD, OTHER = flake(1), flake(2)


def stay(number: int, *, guild: int = GUILD, user: int = 5, channel: int = 7, measured: bool = True) -> VoiceSession:
    measures = {"bytes_sent": 10, "bytes_received": 20, "peak_loss": 0.25, "mean_rtt_ms": 31.5} if measured else {}
    return VoiceSession(
        guild_id=guild,
        began_ms=number,
        user_id=flake(user),
        channel_id=flake(channel),
        ended_ms=number + 100,
        **measures,  # type: ignore[arg-type]
    )


async def put(store: Store, *stays: VoiceSession) -> None:
    for each in stays:
        async with store.write() as tx:
            await tx.voice_sessions.put(each)


async def test_stays_are_read_newest_first_by_page_user_and_channel(store: Store) -> None:
    stays = [stay(1), stay(2, user=6, measured=False), stay(3, channel=8), stay(4)]
    await put(store, *stays, stay(5, guild=OTHER))
    log = store.voice_sessions
    assert await log.list_page(GUILD, limit=10) == stays[::-1]
    assert await log.list_page(GUILD, limit=2, before_ms=4) == [stays[2], stays[1]]
    assert await log.list_page(GUILD, limit=10, user_id=flake(6)) == [stays[1]]
    assert await log.list_page(GUILD, limit=10, channel_id=flake(8)) == [stays[2]]


async def test_measures_win_over_a_guess_whichever_comes_first(store: Store) -> None:
    await put(store, stay(1, measured=False), stay(1), stay(2), stay(2, measured=False))
    assert await store.voice_sessions.list_page(GUILD, limit=10) == [stay(2), stay(1)]


async def test_old_stays_of_all_guilds_are_removed_so_many_at_a_time(store: Store) -> None:
    await put(store, stay(1), stay(2, guild=OTHER), stay(3), stay(900))
    removed = []
    for _ in range(3):
        async with store.write() as tx:
            removed.append(await tx.voice_sessions.remove_older(500, limit=2))
    assert removed == [2, 1, 0]
    assert await store.voice_sessions.list_page(GUILD, limit=10) == [stay(900)]
