"""The media of a media node: datagrams, many with one call, encrypted for each receiver, and what is asked of each.

It is asked in the order of these kernels: `arrivals`, `openings`, `rtp`, `speakers`, `streams`, `passing`, `ring`,
`views`, `departures` with their `numbering` and `nonces`. `senders` go a browser's way through them. Nothing here knows
clients, rooms or rights.
"""

import sys
from typing import TYPE_CHECKING

from core_ext.chooser import choose
from core_ext.media import kept_back as _kept_back

if TYPE_CHECKING:  # the plain code has the signatures
    from core_ext.media import arrivals_py as _arrivals
    from core_ext.media import departures_py as _departures
    from core_ext.media import nonces_py as _nonces
    from core_ext.media import openings_py as _openings
    from core_ext.media import passing_py as _passing
    from core_ext.media import ring_py as _ring
    from core_ext.media import rtp_py as _rtp
    from core_ext.media import senders_py as _senders
    from core_ext.media import speakers_py as _speakers
    from core_ext.media import streams_py as _streams
    from core_ext.media import views_py as _views
else:
    _nonces = choose("core_ext.media.nonces")
    _openings = choose("core_ext.media.openings")
    _passing = choose("core_ext.media.passing")
    _ring = choose("core_ext.media.ring")
    _rtp = choose("core_ext.media.rtp")
    _senders = choose("core_ext.media.senders")
    _speakers = choose("core_ext.media.speakers")
    _streams = choose("core_ext.media.streams")
    _views = choose("core_ext.media.views")
    if sys.platform == "linux":
        _arrivals = choose("core_ext.media.arrivals")
        _departures = choose("core_ext.media.departures")
    else:  # elsewhere no call takes many datagrams
        from core_ext.media import arrivals_py as _arrivals
        from core_ext.media import departures_py as _departures

BATCH = _arrivals.BATCH
Arrivals = _arrivals.Arrivals

NoncesUsedUp = _nonces.NoncesUsedUp
OwnNonces = _nonces.OwnNonces

AeadSeal = _departures.AeadSeal
Departures = _departures.Departures
Receiver = _departures.Receiver
SrtpSeal = _departures.SrtpSeal

SrtpOpening = _openings.SrtpOpening

RtpPacket = _rtp.RtpPacket
find_extension = _rtp.find_extension
parse_rtp = _rtp.parse_rtp

KeptBack = _kept_back.KeptBack
Lens = _senders.Lens
Microphone = _senders.Microphone
Sender = _senders.Sender
Track = _senders.Track

HOLD_S = _speakers.HOLD_S
UNLIMITED = _speakers.UNLIMITED
ActiveSpeakers = _speakers.ActiveSpeakers
Activity = _speakers.Activity
measure_loudness = _speakers.measure_loudness

Reception = _streams.Reception
Stream = _streams.Stream

Passing = _passing.Passing
write_extension = _passing.write_extension
write_rtp = _passing.write_rtp

VOICE_PACKETS = _ring.VOICE_PACKETS
Ring = _ring.Ring

NOTHING = _views.NOTHING
View = _views.View
choose_each = _views.choose_each
