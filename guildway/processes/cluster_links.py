"""The links of a worker of a cluster, put together: who it is, where it is reached, and by what.

The secret of the links is a row of the database, made by whoever is first, so nobody has to hand it out. What is shown
of it to tell clusters apart is a hash.
"""

import hmac
import random
import socket
from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import LinkListener, PeerAddress
from core.links.redis import RedisCarrier
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.topics import TopicReader
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.randomness import Randomness
from core.runtime.settings.settings import LinkSettings, Settings
from core.runtime.sockets import bind_socket
from core.store.aggregates.secrets import Secrets
from guildway.processes.link_meters import LinkMetersOfProcess
from guildway.processes.own_address import find_own_address

SECRET_NAME: Final = "links"  # noqa: S105 - the name of a row
_SECRET_BYTES: Final = 32
_EVERY_ADDRESS: Final = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}  # noqa: S104 - not to be bound


class OpenLinks(msgspec.Struct, frozen=True):
    """The links of this life of the worker, and where others reach it. The socket listens already."""

    links: WorkerLinks
    address: PeerAddress


async def fetch_identity(secrets: Secrets, *, incarnation: str, randomness: Randomness) -> Identity:
    """Return who this worker is to the others. Raises StartError."""
    try:
        secret = await secrets.ensure(SECRET_NAME, randomness.token_bytes(_SECRET_BYTES))
    except Unavailable as error:
        raise StartError(f"the secret of the links between workers cannot be read: {error.text}") from error
    return Identity(cluster=hmac.digest(secret, b"cluster", "sha256")[:8].hex(), secret=secret, incarnation=incarnation)


def open_links(
    *,
    settings: Settings,
    identity: Identity,
    listener: LinkListener,
    publish: Callable[[str, bytes], None],
    clock: Clock,
    randomness: Randomness,
    meters: LinkMetersOfProcess,
) -> OpenLinks:
    """Bind the socket and put the links together; their `run` is a chore of the process.

    `publish` is that of the process's client of Redis. Raises StartError.
    """
    sock = bind_socket(settings.links.host, settings.links.port)
    fallback = RedisCarrier(
        incarnation=identity.incarnation,
        publish=publish,
        topics=TopicReader(address=parse_address(settings.redis.url), backoff=Backoff(random.random)),
        token_bytes=randomness.token_bytes,
    )
    links = WorkerLinks(
        identity=identity,
        listener=listener,
        carriers=Carriers(TcpCarrier(sock), fallback),
        bounds=find_bounds(settings.links),
        monotonic_s=clock.monotonic_s,
        random=random.random,
        token_bytes=randomness.token_bytes,
        meters=meters,
    )
    return OpenLinks(links, _find_address(sock))


def find_bounds(settings: LinkSettings) -> LinkBounds:
    """Return the bounds that the settings give."""
    return LinkBounds(
        budget_bytes=settings.budget_bytes,
        budget_s=settings.budget_s,
        silence_s=settings.silence_s,
        handshake_s=settings.silence_s,
        patience_s=settings.fallback_after_s,
    )


def _find_address(sock: socket.socket) -> PeerAddress:
    host, port = sock.getsockname()[:2]
    family = _EVERY_ADDRESS.get(host)
    return PeerAddress(host if family is None else find_own_address(family), port)
