"""A guild's channel as its actor keeps it: the object for clients, and the fields that permissions depend on. Pure."""

from typing import Any, Final

import msgspec

from core.domain.channels.channel import VOCAL, Channel, ChannelType
from core.domain.guilds.guild import AUTOMATIC_REGION
from core.wire.objects.channels.channel import render_channel
from gateway.guilds.state.member_table import Fields

_encode: Final = msgspec.json.Encoder().encode
_decode_fields: Final = msgspec.json.Decoder(Fields).decode
_decode_objects: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class _OverwriteFields(msgspec.Struct, frozen=True):
    """The fields of an overwrite, with the names that `core_ext` reads."""

    id: int
    type: int
    allow: int
    deny: int


class _ChannelFields(msgspec.Struct, frozen=True):
    id: int
    type: int = 0
    permission_overwrites: tuple[_OverwriteFields, ...] = ()
    last_message_id: int | None = None


class _PinField(msgspec.Struct, frozen=True):
    last_pin_timestamp: str | None = None


class _RegionField(msgspec.Struct, frozen=True):
    rtc_region: str | None = None


_decode_region: Final = msgspec.json.Decoder(_RegionField).decode
_decode_pin: Final = msgspec.json.Decoder(_PinField).decode
_decode_channel: Final = msgspec.json.Decoder(_ChannelFields, strict=False).decode


class ChannelState(msgspec.Struct, kw_only=True, eq=False):
    """A channel: its overwrites, and the object for clients."""

    id: int
    is_stage: bool
    is_vocal: bool
    """Whether it is a voice channel, whose text only members with CONNECT may read."""
    overwrites: tuple[_OverwriteFields, ...]
    member_ids: frozenset[int]
    """The members with an overwrite of their own. All others with equal roles see the same."""
    last_message_id: int | None
    raw: msgspec.Raw
    stage: msgspec.Raw | None = None
    """The stage instance while the stage is live."""
    is_stale: bool = False
    """Whether `raw` has an older `last_message_id`. It is patched by `encode`, not at every message."""

    def encode(self) -> msgspec.Raw:
        """Return the channel's object, with its newest message's id."""
        if self.is_stale:
            self.is_stale = False
            fields = _decode_fields(self.raw)
            if "last_message_id" in fields:
                self.raw = msgspec.Raw(_encode({**fields, "last_message_id": str(self.last_message_id)}))
        return self.raw

    def note_message(self, message_id: int) -> None:
        """Note the id of a message that was sent here."""
        if self.last_message_id is None or message_id > self.last_message_id:
            self.last_message_id = message_id
            self.is_stale = True

    def note_pin(self, last_pin: str | None) -> None:
        """Note when a message was last pinned here, as clients are told it."""
        fields = _decode_fields(self.raw)
        if "last_pin_timestamp" in fields:
            self.raw = msgspec.Raw(_encode({**fields, "last_pin_timestamp": last_pin}))

    def find_last_pin(self) -> str | None:
        """Return when a message was pinned last, as clients are shown it."""
        return _decode_pin(self.raw).last_pin_timestamp

    def find_region(self) -> str:
        """Return the region in which voice here shall be, "" for any."""
        region = _decode_region(self.raw).rtc_region
        return "" if region is None or region == AUTOMATIC_REGION else region

    def drop_overwrite(self, overwrite_id: int) -> None:
        """Drop the overwrite of a role that is gone."""
        self.overwrites = tuple(item for item in self.overwrites if item.id != overwrite_id)
        fields = _decode_fields(self.raw)
        kept = [item for item in _decode_objects(fields["permission_overwrites"]) if item["id"] != str(overwrite_id)]
        self.raw = msgspec.Raw(_encode({**fields, "permission_overwrites": kept}))

    def add_role_overwrite(self, role_id: int, *, allow: int, deny: int) -> None:
        """Add the overwrite of a role: the inverse of `drop_overwrite`."""
        self.overwrites = (*self.overwrites, _OverwriteFields(id=role_id, type=0, allow=allow, deny=deny))
        fields = _decode_fields(self.raw)
        added = {"id": str(role_id), "type": 0, "allow": str(allow), "deny": str(deny)}
        kept = _decode_objects(fields["permission_overwrites"])
        self.raw = msgspec.Raw(_encode({**fields, "permission_overwrites": [*kept, added]}))


def parse_channel(payload: bytes | msgspec.Raw) -> ChannelState:
    """Parse a ChannelObject in JSON.

    Raises:
        msgspec.MsgspecError: when the payload is no such object.
    """
    seen = _decode_channel(payload)
    return ChannelState(
        id=seen.id,
        is_stage=seen.type == ChannelType.STAGE,
        is_vocal=seen.type in VOCAL,
        overwrites=seen.permission_overwrites,
        member_ids=frozenset(item.id for item in seen.permission_overwrites if item.type == 1),
        last_message_id=seen.last_message_id,
        raw=msgspec.Raw(payload),
    )


def from_row(channel: Channel, last_message_id: int | None) -> ChannelState:
    """Make a channel from the store's row and the id of its newest message."""
    shown = render_channel(channel)
    if last_message_id is not None and shown.last_message_id is not msgspec.UNSET:
        shown.last_message_id = str(last_message_id)
    return ChannelState(
        id=channel.id,
        is_stage=channel.type == ChannelType.STAGE,
        is_vocal=channel.type in VOCAL,
        overwrites=tuple(
            _OverwriteFields(id=item.id, type=item.type, allow=item.allow, deny=item.deny)
            for item in channel.overwrites
        ),
        member_ids=frozenset(item.id for item in channel.overwrites if item.type == 1),
        last_message_id=last_message_id,
        raw=msgspec.Raw(_encode(shown)),
    )
