"""The last use of an auth session is written at the end of the API at the latest."""

import asyncio
import contextlib
import hashlib

import msgspec

from api.services.accounts.auth_session_uses import AuthSessionUses
from tests.fakes.clock import START_MS, FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import ApiUnderTest


async def test_used_auth_session_is_written_at_the_end_at_the_latest(api: ApiUnderTest) -> None:
    person = await api.register()
    session = await api.store.users.find_auth_session(hashlib.sha256(person.authorization.encode()).digest())
    assert session is not None
    clock = FakeClock(session.last_used_ms + 5_000)
    uses = AuthSessionUses(store=api.store, clock=clock)
    running = asyncio.create_task(uses.run())
    await asyncio.sleep(0)
    uses.note(session.id)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    written = await api.store.users.find_auth_session(session.token_hash)
    assert written is not None
    assert written == msgspec.structs.replace(session, last_used_ms=session.last_used_ms + 5_000)


async def test_request_notes_its_auth_session(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        person = await api.register()
        clock.advance(60)
        await person.get("/users/@me")
        clock.advance(1)
        await api.built.uses.write()
        (session,) = await api.store.users.list_auth_sessions(int(person.id))
    assert (session.created_ms, session.last_used_ms) == (START_MS, START_MS + 61_000)
