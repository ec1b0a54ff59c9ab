"""What a browser offers: the attributes of its session description (SDP, RFC 8866) that a node needs, out of any text.

Discord's web client sends a part of a description, others may send a whole one. Both are read line by line: whose keys
these are, by which numbers it knows codecs and extensions. The rest is the browser's own affair, as it gets a
description that its page writes (`docs/client-guide.md`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from voice.media.passing import Codec

AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
RID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"

_LONGEST: Final = 24 * 1024
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_FINGERPRINT: Final = re.compile(
    r"(sha-(?:256|384|512)) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})", re.ASCII | re.IGNORECASE
)
_RTPMAP: Final = re.compile(r"(\d{1,3}) ([A-Za-z0-9-]+)/(\d{1,6})(?:/\d{1,2})?", re.ASCII)
_FMTP: Final = re.compile(r"(\d{1,3}) (.+)", re.ASCII)
_EXTMAP: Final = re.compile(r"(\d{1,2})(?:/\w+)? (\S+)", re.ASCII)
_PAYLOAD_TYPES: Final = frozenset(range(128)) - frozenset(range(64, 96))
"""Those of 64 to 95 look like RTCP where both share a port (RFC 5761 section 4)."""
_SHORT_NUMBERS: Final = range(1, 15)
"""Those of extensions in the one-byte form."""
_NAMES: Final = {codec.value.lower(): codec for codec in Codec}
_USUAL_H264: Final = ("packetization-mode=1", "profile-level-id=42e01f")


class BadOffer(Exception):
    """The description lacks something that a connection needs, or has it wrong."""


class Fingerprint(msgspec.Struct, frozen=True):
    """The hash of the certificate that the browser will show."""

    algorithm: str
    value: str


class Offer(msgspec.Struct, frozen=True):
    """What a browser has offered."""

    ufrag: str
    fingerprints: tuple[Fingerprint, ...]
    payload_types: Mapping[Codec, int]
    """The number by which it knows each codec; Opus is always there."""
    level_number: int
    """The number of the extension that tells how loud a packet is, 0 where it does not know it."""
    time_number: int = 0
    """That of the one that tells when a packet was sent: with it browsers estimate what their network carries."""
    rid_number: int = 0
    """That of the one that names the layer of a packet."""

    @property
    def video_codec(self) -> Codec | None:
        """The codec in which it should send video, None where it knows none that is passed on."""
        return next((codec for codec in (Codec.VP8, Codec.H264) if codec in self.payload_types), None)


def parse_offer(text: str, choices: Iterable[tuple[str, int]] = ()) -> Offer:
    """Read a description, whole or in part. `choices`, which are names of codecs and payload types, go before what it
    says of codecs; those that the node does not know are passed over. Raises BadOffer.
    """
    if len(text) > _LONGEST:
        raise BadOffer("too long")
    lines = _read_attributes(text.splitlines())
    ufrag = next(iter(lines.get("ice-ufrag", ())), "")
    fingerprints = {match.groups() for line in lines.get("fingerprint", ()) if (match := _FINGERPRINT.fullmatch(line))}
    if not _UFRAG.fullmatch(ufrag):
        raise BadOffer("no ice-ufrag")
    if not fingerprints:
        raise BadOffer("no fingerprint of a kind that is safe")
    if not {"actpass", "active"}.issuperset(lines.get("setup", ())):
        raise BadOffer("the node does not open connections")
    payload_types = _take_choices(choices) or _find_codecs(lines)
    if Codec.OPUS not in payload_types:
        raise BadOffer("no Opus")
    if len(set(payload_types.values())) < len(payload_types) or not _PAYLOAD_TYPES.issuperset(payload_types.values()):
        raise BadOffer("payload types that cannot be told apart")
    return Offer(
        ufrag=ufrag,
        fingerprints=tuple(Fingerprint(algorithm.lower(), value) for algorithm, value in sorted(fingerprints)),
        payload_types=payload_types,
        level_number=_find_extension(lines, AUDIO_LEVEL),
        time_number=_find_extension(lines, SEND_TIME),
        rid_number=_find_extension(lines, RID),
    )


def _read_attributes(lines: Iterable[str]) -> dict[str, list[str]]:
    attributes: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            attributes.setdefault(name, []).append(value.strip())
    return attributes


def _take_choices(choices: Iterable[tuple[str, int]]) -> dict[Codec, int]:
    return {codec: number for name, number in choices if (codec := _NAMES.get(name.lower())) is not None}


def _find_codecs(lines: Mapping[str, Sequence[str]]) -> dict[Codec, int]:
    formats = {int(match[1]): match[2] for line in lines.get("fmtp", ()) if (match := _FMTP.fullmatch(line))}
    found: dict[Codec, int] = {}
    for line in lines.get("rtpmap", ()):
        match = _RTPMAP.fullmatch(line)
        codec = None if match is None else _NAMES.get(match[2].lower())
        if match is None or codec is None or int(match[3]) != codec.clock_rate:
            continue
        number = int(match[1])
        is_usual = codec is Codec.H264 and all(part in formats.get(number, "") for part in _USUAL_H264)
        if codec not in found or is_usual:
            found[codec] = number
    return found


def _find_extension(lines: Mapping[str, Sequence[str]], name: str) -> int:
    for line in lines.get("extmap", ()):
        match = _EXTMAP.fullmatch(line)
        if match is not None and match[2] == name and int(match[1]) in _SHORT_NUMBERS:
            return int(match[1])
    return 0
