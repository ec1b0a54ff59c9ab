"""/auth: registering, logging in and out, sessions."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, post
from api.http.scope import Scope, address_of, find_header
from api.services.accounts.auth import AuthService, Credentials, Origin, Registration, parse_session_ids
from api.services.caller import Caller
from api.services.limits import Limits
from core.wire.objects.people.auth_session import LoginObject, SessionList


class SessionChoice(Struct, kw_only=True):
    """POST /auth/sessions/logout, with ids under either name."""

    session_id_hashes: list[str | int] | None = None
    ids: list[str | int] | None = None


def origin_of(scope: Scope) -> Origin:
    """Return the address and the client of the request."""
    return Origin(address=address_of(scope), user_agent=find_header(scope, b"user-agent"))


@post("/auth/register", status=201, is_public=True)
async def register(scope: Scope, data: Registration, auth: AuthService, limits: Limits) -> LoginObject:
    """Make an account and log it in."""
    origin = origin_of(scope)
    await limits.take_registration(origin.address)
    return await auth.register(data, origin)


@post("/auth/login", is_public=True)
async def log_in(scope: Scope, data: Credentials, auth: AuthService, limits: Limits) -> LoginObject:
    """Log in."""
    origin = origin_of(scope)
    await limits.take_login(origin.address)
    return await auth.log_in(data, origin)


@post("/auth/logout", status=204)
async def log_out(caller: Caller, auth: AuthService) -> None:
    """End the request's own auth session."""
    await auth.log_out(caller)


@get("/auth/sessions")
async def list_sessions(caller: Caller, auth: AuthService) -> SessionList:
    """Show the caller's auth sessions."""
    return SessionList(user_sessions=await auth.list_sessions(caller))


@post("/auth/sessions/logout", status=204)
async def end_sessions(caller: Caller, data: SessionChoice, auth: AuthService) -> None:
    """End some of the caller's auth sessions."""
    given = [*(data.session_id_hashes or ()), *(data.ids or ())]
    await auth.end_sessions(caller, parse_session_ids(given))


@delete("/auth/sessions/{session_id}", status=204)
async def end_session(session_id: SnowflakePath, caller: Caller, auth: AuthService) -> None:
    """End one of the caller's auth sessions."""
    await auth.end_sessions(caller, [session_id])


ROUTES: Final[Sequence[Route]] = (register, log_in, log_out, list_sessions, end_sessions, end_session)
