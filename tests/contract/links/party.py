"""Workers that talk in tests: what each was told, and what holds of it whatever happens."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import LinkListener, PeerAddress
from core.links.worker_links import WorkerLinks

ADA: Final = "worker-1-ada"
BOB: Final = "worker-2-bob"
"""The smaller name, which dials, and the greater."""
BEGUN: Final = "begun"
BROKEN: Final = "broken"
SECRET: Final = b"s" * 32
QUICK: Final = LinkBounds(silence_s=0.4, handshake_s=0.5, patience_s=0.2)


class Party(LinkListener):
    """One life of a worker. What it was told is kept: frames as they are, the rest as words."""

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.links: WorkerLinks
        self.heard: list[bytes | str] = []
        self.on_word: Callable[[str], None] = lambda _word: None

    @property
    def frames(self) -> list[bytes]:
        """The frames alone."""
        return [heard for heard in self.heard if isinstance(heard, bytes)]

    @property
    def words(self) -> list[str]:
        """Everything but the frames."""
        return [heard for heard in self.heard if isinstance(heard, str)]

    @property
    def is_talking(self) -> bool:
        """Whether there is a conversation."""
        return self.words[-1:] == [BEGUN]

    @override
    def on_begun(self, peer: str) -> None:
        self.heard.append(BEGUN)
        self.on_word(BEGUN)

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        self.heard.append(frame)

    @override
    def on_broken(self, peer: str) -> None:
        self.heard.append(BROKEN)
        self.on_word(BROKEN)


class Ground(Protocol):
    """Where parties live: a carrier, and the faults of it."""

    def start(
        self,
        incarnation: str,
        *,
        bounds: LinkBounds = QUICK,
        secret: bytes = SECRET,
        cluster: str = "cluster",
    ) -> Party:
        """Start a life of a worker, which knows nobody yet."""

    def stop(self, party: Party) -> None:
        """End it."""

    def introduce(self, party: Party, *others: Party) -> None:
        """Tell a party that these are the others that there are."""

    def cut(self, one: Party, other: Party) -> None:
        """Cut what connects them; they may connect again."""

    def part(self, one: Party, other: Party) -> None:
        """Let nothing pass between them, and tell neither."""

    def heal(self, one: Party, other: Party) -> None:
        """Let them reach each other again."""

    def run_until(self, is_so: Callable[[], bool]) -> None:
        """Let time pass until this is so. Fails after a long time."""

    def run_a_moment(self) -> None:
        """Let time pass, long enough for a round trip."""

    def close(self) -> None:
        """End everything."""


def identify(incarnation: str, secret: bytes, cluster: str) -> Identity:
    """Return an identity."""
    return Identity(cluster=cluster, secret=secret, incarnation=incarnation)


def address_all(parties: tuple[Party, ...], addresses: Mapping[str, PeerAddress]) -> dict[str, PeerAddress]:
    """Return the addresses by which some parties are known."""
    return {party.incarnation: addresses[party.incarnation] for party in parties}


def number(first: int, count: int) -> list[bytes]:
    """Return so many different frames."""
    return [b"%d" % index for index in range(first, first + count)]
