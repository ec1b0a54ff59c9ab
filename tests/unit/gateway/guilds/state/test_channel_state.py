"""A channel in its guild's state: what clients are shown follows messages and pins."""

from typing import Any

import msgspec
import pytest

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.wire.objects.channels.channel import render_channel
from gateway.guilds.state.channel_state import ChannelState, from_row, parse_channel

LAST_PIN = "2026-11-27T22:18:11.000000+00:00"


def make(kind: ChannelType = ChannelType.TEXT) -> ChannelState:
    channel = Channel(id=5, guild_id=1, type=kind, name="place")
    return parse_channel(msgspec.json.encode(render_channel(channel)))


def shown(channel: ChannelState) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(channel.encode())
    return fields


def test_pin_is_shown_with_its_time_beside_the_newest_message() -> None:
    channel = make()
    assert shown(channel)["last_pin_timestamp"] is None
    channel.note_message(77)
    channel.note_pin(LAST_PIN)
    assert (shown(channel)["last_pin_timestamp"], shown(channel)["last_message_id"]) == (LAST_PIN, "77")
    channel.note_message(78)
    assert (shown(channel)["last_pin_timestamp"], shown(channel)["last_message_id"]) == (LAST_PIN, "78")


def test_channel_that_shows_no_pins_stays_as_it_is() -> None:
    channel = make(ChannelType.CATEGORY)
    channel.note_pin(LAST_PIN)
    assert "last_pin_timestamp" not in shown(channel)


@pytest.mark.parametrize("kind", [kind for kind in ChannelType if kind not in (ChannelType.DM, ChannelType.GROUP_DM)])
@pytest.mark.parametrize("newest", [None, 77])
def test_channel_from_its_row_is_that_of_its_event_and_its_newest_message(
    kind: ChannelType, newest: int | None
) -> None:
    row = Channel(
        id=5,
        guild_id=1,
        type=kind,
        name="place",
        last_pin_ms=9,
        default_auto_archive_duration=60,
        overwrites=(Overwrite(1, 0, 2, 3), Overwrite(4, 1, 5, 6)),
    )
    told = parse_channel(msgspec.json.encode(render_channel(row)))
    if newest is not None:
        told.note_message(newest)
    made = from_row(row, newest)
    assert made.encode() == told.encode()
    assert msgspec.structs.asdict(made) == msgspec.structs.asdict(told)
