"""The links between gateways and media nodes, apart from those between workers, and with a secret of their own.

A node hears strangers' packets, so it has no secret that would let it talk to workers as one of them. The names of
gateways are smaller than those of nodes, so it is always the gateway that connects.
"""

import hmac
import random
from typing import Final

from core.domain.errors import Unavailable
from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import LinkListener
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.randomness import Randomness
from core.store.aggregates.secrets import Secrets

SECRET_BYTES: Final = 32
_SECRET_NAME: Final = "voice"  # noqa: S105 - the name of a row


def name_gateway(process: str) -> str:
    """Return what nodes know a process by that connects to them."""
    return f"gateway-{process}"


def name_node(life: str) -> str:
    """Return what gateways know a life of a node by."""
    return f"voice-{life}"


async def fetch_voice_secret(secrets: Secrets, randomness: Randomness) -> bytes:
    """Return the secret of a cluster's voice, which signs tokens as well. Raises StartError."""
    try:
        return await secrets.ensure(_SECRET_NAME, randomness.token_bytes(SECRET_BYTES))
    except Unavailable as error:
        raise StartError(f"the secret of voice cannot be read: {error.text}") from error


def name_cluster(secret: bytes) -> str:
    """Return what tells clusters apart and lets nobody guess the secret."""
    return hmac.digest(secret, b"cluster", "sha256")[:8].hex()


def make_voice_links(
    *, name: str, cluster: str, secret: bytes, listener: LinkListener, clock: Clock, randomness: Randomness
) -> WorkerLinks:
    """Make the links of a process that connects to nodes; their `run` is a chore of the process."""
    return WorkerLinks(
        identity=Identity(cluster=cluster, secret=secret, incarnation=name),
        listener=listener,
        carriers=Carriers(TcpCarrier(None)),
        bounds=LinkBounds(),
        monotonic_s=clock.monotonic_s,
        random=random.random,
        token_bytes=randomness.token_bytes,
    )
