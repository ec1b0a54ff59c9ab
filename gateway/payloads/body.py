"""The bodies that tracks number, remember and send."""

from typing import TypeAlias

from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.mosaic_body import MosaicBody
from gateway.payloads.spliced_body import SplicedBody

Body: TypeAlias = DispatchBody | SplicedBody | MosaicBody
"""An event of many sessions, or of one, with pairs or pieces that it shares with others."""
