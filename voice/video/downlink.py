"""How much video the way to one browser carries: an estimate, in bits a second. Pure, no clock.

```
 unlimited ── congested ──→ limited ── some time later ──→ a tenth more each second ──→ … ──→ unlimited
                               ↑                                        │
                               └── congested again: the time is doubled ┘
```

Congested means that the browser loses more than a tenth of it, or that its own estimate (REMB) sinks below what it is
sent. An estimate that only is low says nothing: browsers tell one and a half times what comes, so it is low where
little is sent. To find out whether there is room again there is only one way, to send more; a try that fails makes the
next one later.
"""

import math
from typing import Final

UNLIMITED: Final = math.inf

_MOST_LOSS: Final = 0.1
"""Less is the weather of a radio link, and mended by sending again."""
_LEAST_BPS: Final = 50_000.0
_MOST_BPS: Final = 20_000_000.0
_GROWTH: Final = 1.1
_FIRST_WAIT_S: Final = 4.0
_LONGEST_WAIT_S: Final = 60.0
_SETTLE_S: Final = 2.0
"""What is told sooner after a limit is of the time before it."""
_PATIENCE: Final = 3
"""Seconds in which whoever films can adapt."""
_CALM_S: Final = 180.0
"""After so long without congestion the next one is news."""


class Downlink:
    """The way to one browser. `update` is called about once a second."""

    __slots__ = ("_congested", "_congested_s", "_estimate", "_has_sunk", "_loss", "_wait_s", "limit_bps")

    def __init__(self) -> None:
        self.limit_bps = UNLIMITED
        self._loss = 0.0
        self._estimate = 0.0
        self._has_sunk = False
        self._wait_s = _FIRST_WAIT_S
        self._congested = 0
        """How many updates in a row have found it congested."""
        self._congested_s = -math.inf

    @property
    def is_overrun(self) -> bool:
        """Whether less was asked for, and those who film still send too much."""
        return self._congested > _PATIENCE

    def note_estimate(self, bps: float) -> None:
        """Take the browser's own estimate."""
        self._has_sunk = bps < self._estimate or (self._has_sunk and bps == self._estimate)
        self._estimate = bps

    def note_loss(self, part: float) -> None:
        """Take what part of one stream of video was lost on the way, 0 to 1."""
        self._loss = max(self._loss, part)

    def update(self, sent_bps: float, now_s: float) -> float:
        """Return the limit, given what was sent since the last call."""
        loss, self._loss = self._loss, 0.0
        has_sunk, self._has_sunk = self._has_sunk, False
        found = UNLIMITED
        if loss > _MOST_LOSS:
            found = sent_bps * (1 - loss)
        elif has_sunk and self._estimate < sent_bps:
            found = self._estimate
        self._congested = self._congested + 1 if found < UNLIMITED else 0
        if now_s - self._congested_s < _SETTLE_S:
            return self.limit_bps
        if found < UNLIMITED:
            self._note_congestion(found, now_s)
        elif now_s - self._congested_s >= self._wait_s:
            self.limit_bps *= _GROWTH
            if self.limit_bps > _MOST_BPS:
                self.limit_bps = UNLIMITED
        return self.limit_bps

    def _note_congestion(self, found: float, now_s: float) -> None:
        passed_s = now_s - self._congested_s
        if passed_s > self._wait_s:  # else it is the same one
            self._wait_s = _FIRST_WAIT_S if passed_s > _CALM_S else min(2 * self._wait_s, _LONGEST_WAIT_S)
        self._congested_s = now_s
        self.limit_bps = max(min(self.limit_bps, found), _LEAST_BPS)
