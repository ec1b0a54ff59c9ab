"""What members say of themselves to their rooms: how they speak, and what they film.

A member may say anything; the others are told what its rights allow, and told anew when these change.
"""

from collections.abc import Callable, Mapping

from core.voice.seats import Room
from voice.media.source import MOST_LAYERS, Source, Wants
from voice.protocol.commands import Video
from voice.protocol.payloads import Payload
from voice.rooms.member import PRIORITY, Member, mask_flags
from voice.rooms.room import OpenRoom, describe_camera, describe_speaking


class Announcements:
    """The announcements in all rooms of a node, which are the directory's."""

    __slots__ = ("_rooms",)

    def __init__(self, rooms: Mapping[Room, OpenRoom]) -> None:
        self._rooms = rooms

    def speak(self, member: Member, flags: int) -> None:
        """Tell the room what kind of speaking a member does."""
        flags = mask_flags(flags, member.seat.rights)
        if member.has_spoken and flags == member.flags:
            return
        member.has_spoken, member.flags = True, flags
        _pin(member)
        self._tell_room(member, describe_speaking)

    def begin(self, member: Member) -> None:
        """Have a member's media, which are new, follow what it has said."""
        _pin(member)
        self.want(member, member.wants)
        self.film(member, member.camera)

    def film(self, member: Member, video: Video | None) -> None:
        """Note what a member says of its camera and screen, and tell the room what its rights and its media allow."""
        member.camera = video if video is not None and (video.video_ssrc or video.screen is not None) else None
        allowed = member.camera if member.seat.rights.stream else None
        sources, screen = ([], None) if allowed is None else (list_sources(allowed), find_screen(allowed))
        can_film = member.peer is not None and member.peer.film(sources, screen)
        shown = allowed if can_film else None
        if shown != member.shown:
            member.shown = shown
            self._tell_room(member, describe_camera)

    def want(self, member: Member, wants: Wants) -> None:
        """Note what a member shows of others' video."""
        member.wants = wants
        if member.peer is not None:
            member.peer.want(wants)

    def repeat(self, member: Member) -> None:
        """Tell the room what a member's rights, which are others now, make of what it has said."""
        if member.has_spoken:
            self.speak(member, member.flags)
        self.film(member, member.camera)

    def _tell_room(self, member: Member, describe: Callable[[Member], Payload]) -> None:
        room = self._rooms.get(member.seat.room)
        if room is not None and room.members.get(member.seat.user_id) is member:
            room.tell(describe(member), but=member)


def list_sources(video: Video) -> list[Source]:
    """Return the layers that a client's camera sends, the smallest first; none when it is off."""
    active = [each for each in video.camera if each.ssrc or each.rid]
    if len(active) < 2:
        return [Source(video.video_ssrc)] if video.video_ssrc else []
    active.sort(key=lambda each: each.quality)
    return [Source(each.ssrc, each.rid, each.quality) for each in active[-MOST_LAYERS:]]


def find_screen(video: Video) -> Source | None:
    """Return the screen that a client shares."""
    return None if video.screen is None else Source(video.screen.ssrc)


def _pin(member: Member) -> None:
    """Let a priority speaker be heard whoever else speaks, and anybody else when it is loud enough."""
    if member.peer is not None:
        member.peer.activity.is_pinned = bool(member.flags & PRIORITY)
