"""Where `guildway admin` sends its requests: to the running server, or to the API of this process over the data of a
stopped one. Both answer the same routes, with the same checks and the same log.

```
 guildway admin ─┬─ the folder is in use, or a cluster:  HTTP ──────→ the server's /admin
                 └─ the folder is free:                  in process → /admin over the opened data
```

Either way the request carries a pass of the operator, made by the key that the command reads in the server's database.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from api.services.administration.operator_passes import make_pass
from api.services.administration.staff_authenticator import OPERATOR_SCHEME
from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir, DataInUse
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.sql.kept_secrets import find_secret
from guildway.addresses import find_api_url
from guildway.data.data_files import DataFiles
from guildway.processes.operator_key import KEY_NAME, open_operator_key
from guildway.rest_client import RestClient

PREFIX: Final = "/admin"


class Client(Protocol):
    """Sends a request to `/admin`, and returns the decoded answer. Raises ApiError, DemoError."""

    def request(self, method: str, path: str, body: Any = None, *, token: str = "", reason: str = "") -> Any: ...


class Desk:
    """The requests of one command."""

    __slots__ = ("_client", "_key", "_now_ms")

    def __init__(self, client: Client, key: bytes, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._key = key
        self._now_ms = now_ms

    def ask(self, method: str, *words: str | int, body: Any = None, reason: str = "", **query: Any) -> Any:
        """Send a request to the path of these words, and return the answer. Raises ApiError, DemoError."""
        path = "".join(f"/{quote(str(word), safe='')}" for word in words)
        given = {name: value for name, value in query.items() if value not in (None, "")}
        tail = f"?{urlencode(given)}" if given else ""
        token = OPERATOR_SCHEME + make_pass(self._key, self._now_ms())
        return self._client.request(method, path + tail, body, token=token, reason=reason)


@contextlib.contextmanager
def open_desk(settings: Settings, *, url: str | None, is_cluster: bool) -> Iterator[Desk]:
    """Give the desk of an embedded server, running or stopped, or of a cluster.

    `url` is where the API answers; None for the address that the server has told, or else that of the settings.

    Raises:
        StartError
    """
    folder = Path(settings.store.data_dir)
    if is_cluster:
        key = asyncio.run(_read_key_of_cluster(settings))
        yield from _open_remote(settings, url or "", key)
        return
    database = DataFiles.in_folder(folder).database
    if not database.exists():
        raise StartError(
            f"there is no database {database}; say where the data is: `guildway admin --data DIR`, or `--cluster`"
        )
    try:
        held = DataDir(folder)
    except DataInUse as error:
        found = find_secret(database, KEY_NAME)
        if found is None:
            raise StartError(f"{error}, which has made no operator's key yet: try again in a moment") from error
        yield from _open_remote(settings, url or error.api_url, found)
        return
    with contextlib.closing(held):
        from guildway.administration.stopped_server import StoppedServer  # noqa: PLC0415 - the tiers load slowly

        with StoppedServer.open(settings, held) as server:
            yield Desk(server, server.key, SystemClock().now_ms)


def _open_remote(settings: Settings, url: str, key: bytes) -> Iterator[Desk]:
    with contextlib.closing(RestClient(url or find_api_url(settings), prefix=PREFIX)) as client:
        yield Desk(client, key, SystemClock().now_ms)


async def _read_key_of_cluster(settings: Settings) -> bytes:
    from core.store.sql.postgres.small_store import SmallStore  # noqa: PLC0415 - an embedded server has no driver

    store = SmallStore.open(settings.postgres.url)
    try:
        return await open_operator_key(store.secrets)
    finally:
        await store.close()
