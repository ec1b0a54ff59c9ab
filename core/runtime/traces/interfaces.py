"""Spans, as the parts of a process make them, whatever becomes of them.

```
 request ─┬─ door                                     API process
          └─ store ─┬─ tail                           every process that follows the shard
                    └─ actor ─┬─ socket               worker that is home of the guild
                              └─ link ─── socket      other workers
```

A trace is a message on its way. Its *context* (trace id and span id, as W3C Trace Context has them) crosses the log in
the envelope and a link in the frame, but only of a message that is sampled. Where no exporter is set there is no
tracer, and none of this runs.
"""

from typing import Final, Protocol

CONTEXT_BYTES: Final = 24
"""A trace id of 16 bytes and a span id of 8."""


class Span(Protocol):
    """A step that has begun."""

    @property
    def context(self) -> bytes:
        """What a step that follows from this one is given as its parent."""

    def end(self, **attributes: str | int) -> None:
        """End the step. Attributes whose values are 0 or empty are left out."""


class Tracer(Protocol):
    """Makes the spans of one process."""

    def now_ns(self) -> int:
        """Return the time for `begin`."""

    def begin(self, name: str, *, parent: bytes | None = None, since_ns: int | None = None) -> Span:
        """Begin a step, now or at an earlier time. Without a parent a new trace begins."""
