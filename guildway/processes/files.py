"""The files of a process: a bucket when the settings name one, else the folder in its data folder; and their links."""

import asyncio
import logging
import secrets
import socket
from functools import partial
from typing import Final

import msgspec

from api.services.files.file_links import KEY_BYTES, KEY_NAME, FileLinks
from api.services.previews import external_links
from api.services.previews.external_links import ExternalLinks
from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.blob.identity import check_shared
from core.store.blob.interfaces import BlobStore
from core.store.interfaces import Store
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DataFiles
from guildway.processes.ground import Ground
from guildway.processes.own_address import find_reachable_host

logger = logging.getLogger(__name__)

_TIMEOUT_S: Final = 3.0
"""The time that a probe of a load balancer waits, roughly."""


class Files(msgspec.Struct, frozen=True):
    """What the tiers need of files."""

    blobs: BlobStore
    links: FileLinks
    external: ExternalLinks
    """The links to pictures of other servers."""


async def open_files(ground: Ground, data: DataFiles, api_socket: socket.socket | None) -> Files:
    """Open the store of files, and get the key of links. `api_socket` is where the process' API listens, if it has one.

    Raises:
        StartError: when the bucket, the folder or the key cannot be used.
    """
    settings = ground.settings
    try:
        ensure = ground.store.secrets.ensure
        key = await ensure(KEY_NAME, secrets.token_bytes(KEY_BYTES))
        external_key = await ensure(external_links.KEY_NAME, secrets.token_bytes(external_links.KEY_BYTES))
    except Unavailable as error:
        raise StartError(f"the key of links to files cannot be read: {error.text}") from error
    links = FileLinks(
        key=key,
        base_url=find_base_url(settings, api_socket),
        clock=ground.clock,
        lifetime_s=settings.files.link_lifetime_s,
    )
    external = ExternalLinks(key=external_key, base_url=links.base_url)
    blobs = await open_blobs(settings.files, data)
    ground.readiness.watch(partial(_find_fault, blobs), is_needed=True)
    return Files(blobs, links, external)


async def _find_fault(blobs: BlobStore) -> str | None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await blobs.ping()
    except TimeoutError:
        return "the store of files does not answer in time"
    except Unavailable as error:
        return f"the store of files fails: {type(error.__cause__).__name__}"  # its text may have addresses and keys
    return None


async def check_shared_files(files: Files, store: Store) -> None:
    """Check that a process of a cluster has the files of the others. Raises StartError when it has not."""
    try:
        await check_shared(files.blobs, store.secrets)
    except Unavailable as error:
        raise StartError(f"the files cannot be used: {error.__cause__ or error.text}") from error


def find_base_url(settings: Settings, api_socket: socket.socket | None) -> str:
    """Return the address with which links begin. `api_socket` is as in `open_files`."""
    if settings.files.public_url:
        return settings.files.public_url
    host, port = settings.api.host, settings.api.port if api_socket is None else api_socket.getsockname()[1]
    host = find_reachable_host(host)
    scheme = "https" if settings.tls.certificate else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    if host not in ("127.0.0.1", "::1"):
        logger.info(
            "links to files begin with the machine's own address; files.public_url sets another", extra={"url": url}
        )
    return url
