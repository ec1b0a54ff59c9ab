"""When a login was last used is written down by the time the API has ended."""

import asyncio
import contextlib
import hashlib

import msgspec

from api.services.accounts.login_uses import LoginUses
from core.runtime.clock import SystemClock
from tests.integration.api_client import ApiUnderTest


async def test_used_login_is_written_at_the_end_at_the_latest(api: ApiUnderTest) -> None:
    person = await api.register()
    session = await api.store.users.find_auth_session(hashlib.sha256(person.authorization.encode()).digest())
    assert session is not None
    uses = LoginUses(store=api.store, clock=SystemClock())
    running = asyncio.create_task(uses.run())
    await asyncio.sleep(0)
    uses.note(session.id)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    written = await api.store.users.find_auth_session(session.token_hash)
    assert written is not None
    assert written.last_used_ms >= session.last_used_ms
    assert msgspec.structs.replace(written, last_used_ms=0) == msgspec.structs.replace(session, last_used_ms=0)


async def test_request_notes_its_login(api: ApiUnderTest) -> None:
    person = await api.register()
    async with api.store.write() as tx:
        (session,) = await tx.users.list_auth_sessions(int(person.id))
        await tx.users.touch_auth_sessions([session.id], 1)
    await person.get("/users/@me")
    await api.built.uses.write()
    (session,) = await api.store.users.list_auth_sessions(int(person.id))
    assert session.last_used_ms > 1
