"""The datagrams of a media node: many that leave or come with one call, encrypted for each receiver on the way."""

import sys
from typing import TYPE_CHECKING

from core_ext.chooser import choose

if TYPE_CHECKING:  # the plain code has the signatures
    from core_ext.media import arrivals_py as _arrivals
    from core_ext.media import departures_py as _departures
    from core_ext.media import nonces_py as _nonces
    from core_ext.media import openings_py as _openings
elif sys.platform == "linux":
    _arrivals = choose("core_ext.media.arrivals")
    _nonces = choose("core_ext.media.nonces")
    _departures = choose("core_ext.media.departures")
    _openings = choose("core_ext.media.openings")
else:  # elsewhere no call takes many datagrams
    from core_ext.media import arrivals_py as _arrivals
    from core_ext.media import departures_py as _departures
    from core_ext.media import nonces_py as _nonces

BATCH = _arrivals.BATCH
Arrivals = _arrivals.Arrivals

NoncesUsedUp = _nonces.NoncesUsedUp
OwnNonces = _nonces.OwnNonces

AeadSeal = _departures.AeadSeal
Departures = _departures.Departures
Receiver = _departures.Receiver
SrtpSeal = _departures.SrtpSeal

SrtpOpening = _openings.SrtpOpening
