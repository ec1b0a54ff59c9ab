"""The entrance: how a member that has its seat gets media, by Discord's own protocol or as a browser.

Each choice makes new keys, and a peer with them in the room's circle, in place of the one before. The numbers of a
member's packets go on, as the others know them by its SSRC.
"""

from typing import Final

from core.runtime.randomness import Randomness
from voice.crypto.suites import KEY_BYTES, SUITES
from voice.media.forwarder import Forwarder
from voice.media.peer import Address
from voice.media.udp_peer import UdpPeer
from voice.protocol import close_codes
from voice.rooms.directory import Directory, Refused
from voice.rooms.member import Member
from voice.video.camera import Camera
from voice.webrtc.answer import Answer
from voice.webrtc.gate import Gate
from voice.webrtc.offer import Offer

_SESSION_ID_BYTES: Final = 16


class Entrance:
    """The entrance of all rooms of a node. Both ways raise Refused for a member whose seat has ended."""

    __slots__ = ("_directory", "_forwarder", "_gate", "_port", "_randomness")

    def __init__(
        self, *, directory: Directory, forwarder: Forwarder, gate: Gate, randomness: Randomness, port: int
    ) -> None:
        """`port` is the node's UDP port."""
        self._directory = directory
        self._forwarder = forwarder
        self._gate = gate
        self._randomness = randomness
        self._port = port

    def select_udp(self, member: Member, *, mode: str, address: Address) -> bytes:
        """Make the key of a client of Discord's protocol, and return it. Raises Refused."""
        room = self._directory.open_room(member)
        make_suite = SUITES.get(mode)
        if make_suite is None:
            raise Refused(close_codes.UNKNOWN_MODE)
        secret = self._randomness.token_bytes(KEY_BYTES)
        peer = UdpPeer(ssrc=member.ssrc, suite=make_suite(secret), rights=member.seat.rights, voice=member.voice)
        member.change_peer(peer)
        self._forwarder.add(peer, room.circle)
        if member.link is not None:
            self._forwarder.bind_discovered(peer, address, member.link.client_ip)
        return secret

    def select_webrtc(self, member: Member, *, offer: Offer, media_ip: str) -> Answer:
        """Expect a browser, and return what it is answered. Browsers are heard without DAVE. Raises Refused."""
        room = self._directory.open_room(member)
        member.dave_version = 0
        connection = self._gate.open(
            ssrc=member.ssrc,
            rights=member.seat.rights,
            offer=offer,
            voice=member.voice,
            camera=Camera(member.video_ssrc, member.video),
            screen=Camera(member.screen_ssrc, [member.screen], is_screen=True),
        )
        member.change_peer(connection.peer)
        self._forwarder.add(connection.peer, room.circle)
        return Answer(media_ip, self._port, connection.name, connection.password, self._gate.fingerprint)

    def name_session(self) -> str:
        """Return a name for what a client has selected, by which logs of both sides find each other."""
        return self._randomness.token_bytes(_SESSION_ID_BYTES).hex()
