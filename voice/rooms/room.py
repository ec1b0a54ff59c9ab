"""A room on this node: the members whose keys are made. It says to each who the others are."""

from voice.dave.negotiation import Negotiation
from voice.media.peer import Circle
from voice.protocol.commands import VideoStream
from voice.protocol.payloads import Payload, camera, client_disconnect, clients_connect, speaking, video
from voice.rooms.member import Member


class OpenRoom:
    """The members, by user id, the circle in which their packets go, and what they agree on to encrypt them."""

    __slots__ = ("circle", "dave", "members")

    def __init__(self, dave: Negotiation, circle: Circle) -> None:
        self.circle = circle
        self.dave = dave
        self.members: dict[int, Member] = {}

    def enter(self, member: Member) -> None:
        """Add a member, and tell it and the others of each other."""
        if self.members:
            member.send(clients_connect(list(self.members)))
        for other in self.members.values():
            if other.has_spoken:
                member.send(describe_speaking(other))
            if other.shown is not None:
                member.send(describe_camera(other))
        self.members[member.seat.user_id] = member
        self.tell(clients_connect([member.seat.user_id]), but=member)

    def leave(self, member: Member) -> None:
        """Remove a member and tell the others. Nothing happens when it has not entered."""
        user_id = member.seat.user_id
        if self.members.get(user_id) is member:
            del self.members[user_id]
            self.tell(client_disconnect(user_id), but=member)
            self.dave.leave(user_id)

    def tell(self, payload: Payload, *, but: Member) -> None:
        """Send something to all others."""
        for member in self.members.values():
            if member is not but:
                member.send(payload)


def describe_speaking(member: Member) -> Payload:
    """Return how others are told of a member's speaking."""
    return speaking(user_id=member.seat.user_id, ssrc=member.ssrc, flags=member.flags)


def describe_camera(member: Member) -> Payload:
    """Return how others are told of a member's camera and screen."""
    shown = member.shown
    if shown is None:
        return video(user_id=member.seat.user_id, audio_ssrc=member.ssrc, video_ssrc=0, streams=[])
    about, video_ssrc = [], member.video_ssrc if shown.video_ssrc else 0
    if shown.video_ssrc:
        stream = max(shown.camera, key=lambda each: each.quality, default=VideoStream())
        about.append(camera(ssrc=video_ssrc, rtx_ssrc=member.rtx_ssrc, stream=stream, is_active=True))
    if shown.screen is not None:
        about.append(camera(ssrc=member.screen_ssrc, rtx_ssrc=None, stream=shown.screen, is_active=True))
    return video(user_id=member.seat.user_id, audio_ssrc=member.ssrc, video_ssrc=video_ssrc, streams=about)
