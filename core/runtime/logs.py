"""The formats of log lines: one JSON object a line for machines, one plain line for a person at a terminal.

Fields in `extra={"guild_id": …}` become keys of the object. The module owns the root logger's handler, which a process
has once; other modules only call `logging.getLogger(__name__)`.
"""

import datetime as dt
import json
import logging
import traceback
from typing import Any, Final, TextIO

from typing_extensions import override

from core.runtime.log_bounds import LogBounds
from core.runtime.settings.settings import LoggingSettings

_STANDARD_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
"""The fields that every record has; all others are of `extra`."""

_TALKATIVE: Final = ("aiosqlite", "alembic", "asyncio")
"""Libraries whose INFO lines are about their own insides; their warnings are kept."""


def configure_logging(settings: LoggingSettings, stream: TextIO) -> None:
    """Send all log lines to `stream` in the chosen format; `auto` depends on whether it is a terminal."""
    is_text = settings.format == "text" or (settings.format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.addFilter(LogBounds())
    handler.setFormatter(TextFormatter() if is_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def add_filter(added: logging.Filter) -> None:
    """Have the lines of the process pass one more filter, which may add fields. One of its class is enough."""
    for handler in logging.getLogger().handlers:
        if not any(type(each) is type(added) for each in handler.filters):
            handler.addFilter(added)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extra fields, the traceback when there is one."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _format_time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra_fields(record),
        }
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        # The stdlib's encoder escapes invalid UTF-8 and does not fail, and logs are not hot.
        return json.dumps(line, default=repr)


class TextFormatter(logging.Formatter):
    """`12:30:01 INFO gateway.listener: text key=value`, with the traceback below."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in extra_fields(record).items())
        line = f"{_format_time(record)[11:19]} {record.levelname} {record.name}: {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return line


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that the caller gave as `extra`."""
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD_FIELDS}


def _format_time(record: logging.LogRecord) -> str:
    return dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
