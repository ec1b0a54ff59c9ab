"""The API over the data of a stopped embedded server, in this process and without a socket.

It has the same services as a running one, and no gateway: nobody is connected who would have to be told. What it
announces is in the log of the database, as always.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from api.app import Api
from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.settings.settings import Settings
from guildway.data.data_files import DataFiles
from guildway.processes.embedded_ground import lay_ground, open_ids, open_store
from guildway.processes.files import open_files
from guildway.processes.ground import build_metrics
from guildway.processes.operator_key import open_operator_key
from guildway.processes.tiers import build_the_api, make_address
from guildway.rest_client import ApiError

_PREFIX: Final = "/admin"
_NAME: Final = "admin"


class StoppedServer:
    """A `Client` of `/admin` in this process."""

    __slots__ = ("_api", "_runner", "key")

    def __init__(self, runner: asyncio.Runner, api: Api, key: bytes) -> None:
        """Use `open`."""
        self._runner = runner
        self._api = api
        self.key = key

    @classmethod
    @contextlib.contextmanager
    def open(cls, settings: Settings, folder: DataDir) -> Iterator["StoppedServer"]:
        """Open the data of a folder that the caller holds. Raises StartError."""
        with asyncio.Runner() as runner:
            opening = _open_api(settings, folder)
            api, key = runner.run(opening.__aenter__())
            try:
                yield cls(runner, api, key)
            finally:
                runner.run(opening.__aexit__(None, None, None))

    def request(self, method: str, path: str, body: Any = None, *, token: str = "", reason: str = "") -> Any:
        """Send a request to `/admin`, and return the decoded answer (None without a body). Raises ApiError."""
        headers = {"authorization": token, "x-audit-log-reason": quote(reason)}
        payload = b"" if body is None else json.dumps(body).encode()
        status, data = self._runner.run(self._exchange(method, _PREFIX + path, headers, payload))
        answer = json.loads(data) if data else None
        if status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(method, path, status, answer)
        return answer

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._api.asgi(scope, receive, send)
        status: int = sent[0]["status"]
        return status, b"".join(message.get("body", b"") for message in sent[1:])


@contextlib.asynccontextmanager
async def _open_api(settings: Settings, folder: DataDir) -> AsyncIterator[tuple[Api, bytes]]:
    async with contextlib.AsyncExitStack() as stack:
        clock, metrics, files = SystemClock(), build_metrics(worker=_NAME), DataFiles.in_folder(folder.path)
        files.prepare_images()
        store = await open_store(folder, settings.store, clock, metrics)
        stack.push_async_callback(store.close)
        ids = await open_ids(store, clock)
        stack.push_async_callback(ids.close)
        ground = lay_ground(settings=settings, clock=clock, store=store, ids=ids, metrics=metrics)
        key = await open_operator_key(store.secrets)
        address = make_address(settings, worker=_NAME)
        api = build_the_api(ground, await open_files(ground, files, None), address.url_for, operator_key=key)
        await api.prepare()
        chores = asyncio.create_task(api.run())
        stack.push_async_callback(_end, chores)
        yield api, key


async def _end(chores: asyncio.Task[None]) -> None:
    chores.cancel()
    await asyncio.wait([chores])
