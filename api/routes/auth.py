"""/auth: registering, logging in and out, sessions."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api.forms.form import SnowflakePath
from api.services.accounts.auth import (
    AuthService,
    Credentials,
    LoginObject,
    Origin,
    Registration,
    SessionObject,
    parse_session_ids,
)
from api.services.caller import Caller
from api.services.limits import Limits

PUBLIC = {"public": True}


class SessionList(Struct, kw_only=True):
    """GET /auth/sessions."""

    user_sessions: list[SessionObject]


class SessionChoice(Struct, kw_only=True):
    """POST /auth/sessions/logout, with ids under either name."""

    session_id_hashes: list[str | int] | None = None
    ids: list[str | int] | None = None


def origin_of(request: Request[Any, Any, Any]) -> Origin:
    """Where the request comes from."""
    client = request.scope["client"]
    return Origin(address=client[0] if client else "", user_agent=request.headers.get("user-agent", ""))


@post("/auth/register", opt=PUBLIC)
async def register(
    request: Request[Any, Any, Any], data: Registration, auth: AuthService, limits: Limits
) -> LoginObject:
    """Make an account and log it in."""
    origin = origin_of(request)
    await limits.take_registration(origin.address)
    return await auth.register(data, origin)


@post("/auth/login", opt=PUBLIC, status_code=200)
async def log_in(request: Request[Any, Any, Any], data: Credentials, auth: AuthService, limits: Limits) -> LoginObject:
    """Log in."""
    origin = origin_of(request)
    await limits.take_login(origin.address)
    return await auth.log_in(data, origin)


@post("/auth/logout", status_code=204)
async def log_out(caller: Caller, auth: AuthService) -> None:
    """End the login that the request came with."""
    await auth.log_out(caller)


@get("/auth/sessions")
async def list_sessions(caller: Caller, auth: AuthService) -> SessionList:
    """The caller's logins."""
    return SessionList(user_sessions=await auth.list_sessions(caller))


@post("/auth/sessions/logout", status_code=204)
async def end_sessions(caller: Caller, data: SessionChoice, auth: AuthService) -> None:
    """End some of the caller's logins."""
    given = [*(data.session_id_hashes or ()), *(data.ids or ())]
    await auth.end_sessions(caller, parse_session_ids(given))


@delete("/auth/sessions/{session_id:str}", status_code=204)
async def end_session(session_id: SnowflakePath, caller: Caller, auth: AuthService) -> None:
    """End one of the caller's logins."""
    await auth.end_sessions(caller, [session_id])


HANDLERS: list[HTTPRouteHandler] = [register, log_in, log_out, list_sessions, end_sessions, end_session]
