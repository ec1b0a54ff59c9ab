"""The trace of a log line: what is logged during a sampled request has its trace's id."""

import logging

from typing_extensions import override

from core.runtime.traces.request import CURRENT


class TraceIds(logging.Filter):
    """Adds the field `trace_id`, and holds no line back."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        request = CURRENT.get()
        if request is not None and request.span is not None:
            record.trace_id = request.trace_id
        return True
