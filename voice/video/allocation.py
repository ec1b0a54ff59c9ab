"""Which streams of video one browser gets, and in which layer, when not all fit. Pure.

Each stream has layers, from the smallest on; one without simulcast has one. First everybody's smallest layer is given,
in the order of importance, while there is room. What is left raises them, one layer each in the same order, as far as
the browser wants it. A layer that is not sent now must fit with something to spare: rates vary, and two layers that
take turns are worse than the smaller one.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from core_ext.media import NOTHING

_SPARE: Final = 1.15


class Wish(msgspec.Struct, frozen=True):
    """A stream that a browser could get."""

    ssrc: int
    rates_bps: Sequence[float]
    """What each layer takes now, the smallest first; 0 for one that is not sent."""
    most: int
    """The layer that the browser wants, NOTHING where it does not show the stream."""
    current: int
    """The layer that it gets now."""


def allocate(limit_bps: float, wishes: Sequence[Wish]) -> dict[int, int]:
    """Return a layer for each stream. `wishes` are in the order of importance, the first before all others."""
    layers = {wish.ssrc: NOTHING for wish in wishes}
    left_bps, is_raised = limit_bps, True
    while is_raised:
        is_raised = False
        for wish in wishes:
            layer = layers[wish.ssrc]
            above = _find_above(wish, layer)
            if above is None:
                continue
            extra_bps = _cost(wish, above) - (_cost(wish, layer) if layer != NOTHING else 0.0)
            if extra_bps <= left_bps:
                layers[wish.ssrc], left_bps, is_raised = above, left_bps - extra_bps, True
    return layers


def _find_above(wish: Wish, layer: int) -> int | None:
    """Return the next larger layer that is sent and wanted. Where a smaller one than any that is sent is wanted, the
    smallest that is sent will do.
    """
    if wish.most == NOTHING:
        return None
    sent = [each for each, rate_bps in enumerate(wish.rates_bps) if rate_bps] or [0]
    return next((each for each in sent if each > layer and each <= max(wish.most, sent[0])), None)


def _cost(wish: Wish, layer: int) -> float:
    rate_bps = wish.rates_bps[layer]
    return rate_bps * _SPARE if layer > wish.current else rate_bps
