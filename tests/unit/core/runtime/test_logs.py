"""Log lines: one JSON object each for machines, plain text for people, never a broken line."""

import io
import json
import logging

import pytest

from core.runtime.logs import JsonFormatter, TextFormatter, configure_logging
from core.runtime.settings.settings import LoggingSettings


def _record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("some.module").makeRecord(
        "some.module", logging.WARNING, "file.py", 1, message, arguments, None, extra=extra
    )


@pytest.fixture
def root() -> logging.Logger:
    """The root logger."""
    return logging.getLogger()


def test_json_line_holds_text_and_extra_fields() -> None:
    line = json.loads(JsonFormatter().format(_record("took %s", 3, guild_id=7, data=b"\xff", thing=object)))
    assert line["level"] == "warning"
    assert line["logger"] == "some.module"
    assert line["message"] == "took 3"
    assert line["guild_id"] == 7
    assert line["time"].endswith("+00:00")


def test_json_line_with_traceback_stays_one_line() -> None:
    record = _record("failed")
    try:
        int("first\nsecond")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert "ValueError: invalid literal" in json.loads(text)["error"]


def test_json_line_with_text_that_is_no_unicode_is_still_written() -> None:
    line = JsonFormatter().format(_record("lone \ud800 surrogate"))
    assert json.loads(line)["level"] == "warning"


def test_text_line_names_level_logger_and_fields() -> None:
    line = TextFormatter().format(_record("stored", guild_id=7))
    assert line.endswith(" WARNING some.module: stored guild_id=7")


def test_configure_auto_writes_json_where_nobody_watches(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging(LoggingSettings(level="warning"), stream)
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["loud"]
    assert len(root.handlers) == 1


def test_configure_auto_writes_text_at_a_terminal(root: logging.Logger) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    configure_logging(LoggingSettings(), stream)
    root.info("hello")
    assert stream.getvalue().endswith(" INFO root: hello\n")
