"""Select Protocol: how a member's media goes, and the Session Description that answers."""

import ipaddress
import logging

from voice.protocol import close_codes, payloads
from voice.protocol.commands import SelectProtocol, UdpAddress, parse_description, parse_udp
from voice.rooms.directory import Directory, Refused
from voice.rooms.entrance import Entrance
from voice.rooms.member import Member
from voice.webrtc.offer import BadOffer, parse_offer

logger = logging.getLogger(__name__)


class Selection:
    """What one client selects. `media_ip` is where it sends its packets to. Raises Refused and Unreadable."""

    __slots__ = ("_directory", "_entrance", "_media_ip")

    def __init__(self, *, directory: Directory, entrance: Entrance, media_ip: str) -> None:
        self._directory = directory
        self._entrance = entrance
        self._media_ip = media_ip

    def select(self, member: Member, command: SelectProtocol) -> None:
        """Give a member its keys, and let it into the room."""
        match command.protocol:
            case "udp":
                description = self._select_udp(member, command)
            case "webrtc":
                description = self._select_webrtc(member, command)
            case _:
                raise Refused(close_codes.UNKNOWN_PROTOCOL)
        member.send(description)
        self._directory.enter(member)

    def _select_udp(self, member: Member, command: SelectProtocol) -> payloads.Payload:
        chosen = parse_udp(command.data)
        key = self._entrance.select_udp(member, mode=chosen.mode, address=_read_address(chosen))
        return payloads.session_description(
            mode=chosen.mode,
            key=key,
            media_session_id=self._entrance.name_session(),
            dave_version=self._directory.open_room(member).dave.version_for(member),
        )

    def _select_webrtc(self, member: Member, command: SelectProtocol) -> payloads.Payload:
        try:
            choices = [(each.name, each.payload_type) for each in command.codecs]
            offer = parse_offer(parse_description(command.data), choices)
        except BadOffer as error:
            logger.info("a browser's description is refused", extra={"reason": str(error)})
            raise Refused(close_codes.DECODE_ERROR) from error
        answer = self._entrance.select_webrtc(member, offer=offer, media_ip=self._media_ip)
        codec = offer.video_codec
        return payloads.webrtc_description(
            sdp=answer.encode(),
            video_codec=None if codec is None else codec.value,
            media_session_id=self._entrance.name_session(),
        )


def _read_address(chosen: UdpAddress) -> tuple[str, int]:
    """Return the address that a client has named, written as sockets write it; one that nobody has if it is none."""
    try:
        return str(ipaddress.ip_address(chosen.address)), chosen.port
    except ValueError:
        return "", 0
