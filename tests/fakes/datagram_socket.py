"""A datagram socket that keeps what is sent, for the plain code of departures."""

from core_ext.media.departures_py import Departures
from voice.media.peer import Address
from voice.media.tally import Tally


class RecordingSocket:
    """The socket."""

    def __init__(self, sent: list[tuple[bytes, Address]]) -> None:
        self._sent = sent

    def sendto(self, datagram: bytes, address: Address) -> None:
        """Keep a datagram."""
        self._sent.append((datagram, address))


def record_into(sent: list[tuple[bytes, Address]], tally: Tally) -> Departures:
    """Return departures for a forwarder, whose datagrams go to a list."""
    return Departures(RecordingSocket(sent), tally.drop)
