"""Four routes of the API in one process, served in one of several ways over the same store and services.

    python -m benchmarks.rivals.rest_server WAY FOLDER

    guildway           core/http and api/http, as the product is served
    api-uvicorn        api/http on uvicorn (httptools, uvloop)
    api-granian        api/http on granian, whose connections are Rust
    litestar-uvicorn   Litestar's routing, parameters and answers on uvicorn
    litestar-granian   the same on granian

Litestar's way has the same gate (token, request limit), the same forms and the same services, and does without what the
edge adds: headers of limits and of other origins, metrics, errors in one shape. So it does a little less. No way has a
gateway. FOLDER is one that the product has made.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import uvloop

from api.account_services import build_account_parts
from api.app import build_api
from api.common_parts import ApiGround, build_common
from api.file_services import build_file_parts
from api.forms.form import Form
from api.http.binding import caller_of
from api.http.gate import Gate
from api.http.scope import TEMPLATE_KEY
from api.message_services import MessageServices, build_message_parts
from api.services.files.file_links import FileLinks
from api.services.limits import Limits
from api.services.messages.content.message_forms import CreateMessage
from api.services.messages.pages.message_history import PageQuery
from api.services.previews.external_links import ExternalLinks
from api.web_services import build_web_parts
from core.http.server import HttpServer
from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.settings.configuration import load_settings
from core.runtime.sockets import bind_socket
from core.store.blob.folder import open_folder
from guildway.processes.embedded_ground import lay_ground, open_ids, open_store
from guildway.processes.ground import Ground, build_metrics

_PREFIX: Final = "/api/v10/channels/{channel_id:int}"


async def serve(way: str, folder: Path) -> None:
    """Serve until the process is killed. The folder is not used again."""
    settings = load_settings(environ=os.environ, flags={"store.data_dir": str(folder)})
    data = DataDir(folder)
    clock = SystemClock()
    metrics = build_metrics(worker="embedded")
    store = await open_store(data, settings.store, clock, metrics)
    ids = await open_ids(store, clock)
    ground = lay_ground(settings=settings, clock=clock, store=store, ids=ids, metrics=metrics)
    routes, _, server = way.rpartition("-")
    api_ground = await _lay_api_ground(ground, folder)
    application = _build_litestar(api_ground) if routes == "litestar" else build_api(api_ground).asgi
    with bind_socket("127.0.0.1", 0) as sock, ground.garbage.in_force():
        await _SERVERS[server](application, sock)


async def _lay_api_ground(ground: Ground, folder: Path) -> ApiGround:
    return ApiGround(
        store=ground.store,
        bus=ground.bus,
        blobs=await open_folder(folder / "blobs"),
        links=FileLinks(key=b"key", base_url="http://127.0.0.1", clock=ground.clock, lifetime_s=86_400.0),
        external=ExternalLinks(key=b"key", base_url="http://127.0.0.1"),
        ids=ground.ids,
        clock=ground.clock,
        settings=ground.settings,
        metrics=ground.metrics,
        door=ground.door,
        limiter=ground.limiter,
        request_gate=ground.request_gate,
        refusals=ground.refusals,
        online=ground.online,
        starts=ground.starts,
        gateway_url=lambda _: "ws://127.0.0.1",
    )


def _build_litestar(ground: ApiGround) -> Any:
    from litestar import Litestar, Request, Response, get, post  # noqa: PLC0415 - not installed for each way

    gate, services = _build_services(ground)
    form = Form(CreateMessage)

    async def admit(request: Any) -> None:
        request.scope[TEMPLATE_KEY] = request.scope["path_template"]
        await gate.admit(request.scope, is_public=False)

    async def send(request: Any, channel_id: int) -> Any:
        data = form.decode(await request.body())
        caller = caller_of(request.scope)
        sent = await services.messages.send(caller.user_id, channel_id, data)
        gate.show_rate(request.scope, sent.standing)
        return Response(sent.encoded.answer, media_type="application/json")

    async def history(request: Any, channel_id: int, limit: int = 50) -> Any:
        query = PageQuery(limit=limit)
        body = await services.history.list_page(caller_of(request.scope), channel_id, query)
        return Response(body, media_type="application/json")

    async def fetch(request: Any, channel_id: int, message_id: int) -> Any:
        body = await services.history.fetch(caller_of(request.scope), channel_id, message_id)
        return Response(body, media_type="application/json")

    async def typing(request: Any, channel_id: int) -> None:
        await services.typing_indicators.start(caller_of(request.scope).user_id, channel_id)

    for handler in (send, history, fetch, typing):
        handler.__annotations__ |= {"request": Request[Any, Any, Any]}
        handler.__annotations__["return"] = None if handler is typing else Response[bytes]
    return Litestar(
        [
            post(f"{_PREFIX}/messages", status_code=200)(send),
            get(f"{_PREFIX}/messages")(history),
            get(f"{_PREFIX}/messages/{{message_id:int}}")(fetch),
            post(f"{_PREFIX}/typing", status_code=204)(typing),
        ],
        before_request=admit,
        openapi_config=None,
        logging_config=None,
    )


def _build_services(ground: ApiGround) -> tuple[Gate, MessageServices]:
    common = build_common(ground)
    limits = Limits(
        limiter=ground.limiter, gate=ground.request_gate, current=common.current_limits, refusals=ground.refusals
    )
    files = build_file_parts(ground, common)
    accounts = build_account_parts(ground, common, limits=limits, images=files.images)
    gate = Gate(authenticator=accounts.authenticator, limits=limits, door=ground.door, forget=lambda: None)
    web = build_web_parts(
        external=ground.external, settings=ground.settings.embeds, clock=ground.clock, metrics=ground.metrics.web
    )
    return gate, build_message_parts(ground, common, files=files, web=web, limits=limits).services


async def _serve_own(application: Any, sock: socket.socket) -> None:
    server = HttpServer(app=application, sock=sock, grace_s=1)
    _tell_ready(sock)
    await server.run(started=asyncio.Event(), stopping=asyncio.Event())


async def _serve_uvicorn(application: Any, sock: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - not installed for each way

    config = uvicorn.Config(
        application, http="httptools", loop="none", ws="none", lifespan="off", access_log=False, log_config=None,
        server_header=False, date_header=False, proxy_headers=False,
    )  # fmt: skip
    _tell_ready(sock)
    await uvicorn.Server(config).serve(sockets=[sock])


async def _serve_granian(application: Any, sock: socket.socket) -> None:
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415 - not installed for each way
    from granian.server.embed import Server  # noqa: PLC0415

    host, port = sock.getsockname()
    sock.close()  # Granian binds its own socket.
    server = Server(
        application, address=host, port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, websockets=False,
        log_enabled=False, backlog=1024,
    )  # fmt: skip
    serving = asyncio.ensure_future(server.serve())
    while not _is_listening(host, port):  # noqa: ASYNC110 - granian tells nobody when it listens
        await asyncio.sleep(0.05)
    print(f"ready api=http://{host}:{port}", flush=True)
    await serving


def _is_listening(host: str, port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((host, port)) == 0


def _tell_ready(sock: socket.socket) -> None:
    host, port = sock.getsockname()
    print(f"ready api=http://{host}:{port}", flush=True)


_SERVERS: Final[dict[str, Callable[[Any, socket.socket], Awaitable[None]]]] = {
    "guildway": _serve_own,
    "uvicorn": _serve_uvicorn,
    "granian": _serve_granian,
}


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2])))
