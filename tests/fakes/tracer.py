"""A tracer that keeps its spans."""

from core.runtime.traces.interfaces import CONTEXT_BYTES, Span, Tracer


class FakeSpan(Span):
    """One span. `ended` has its attributes once it has ended."""

    def __init__(self, name: str, parent: bytes | None, number: int, begin_ns: int) -> None:
        self.name = name
        self.parent = parent
        self.begin_ns = begin_ns
        self.ended: dict[str, str | int] | None = None
        trace = parent[:16] if parent else number.to_bytes(16)
        self._context = trace + number.to_bytes(CONTEXT_BYTES - 16)

    @property
    def context(self) -> bytes:
        return self._context

    def end(self, **attributes: str | int) -> None:
        assert self.ended is None, f"{self.name} ends twice"
        self.ended = {name: value for name, value in attributes.items() if value}


class FakeTracer(Tracer):
    """The time is what the test sets."""

    def __init__(self) -> None:
        self.spans: list[FakeSpan] = []
        self.time_ns = 1

    def now_ns(self) -> int:
        return self.time_ns

    def begin(self, name: str, *, parent: bytes | None = None, since_ns: int | None = None) -> FakeSpan:
        span = FakeSpan(name, parent, len(self.spans) + 1, self.time_ns if since_ns is None else since_ns)
        self.spans.append(span)
        return span

    def find(self, name: str) -> FakeSpan:
        """Return the one span of this name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found
