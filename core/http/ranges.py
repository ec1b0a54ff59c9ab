"""The part of a file that answers a request, if any (RFC 9110 sections 13 and 14). The module is pure.

Several ranges at once are answered with the whole file, as a server may (section 14.2). A client that resumes a
download or plays a film asks for one range, and answers in many parts have made servers send a file a thousand times.
"""

import email.utils
import enum
import re
from collections.abc import Iterable
from datetime import UTC
from typing import Final

import msgspec

Headers = Iterable[tuple[bytes, bytes]]

_ASKED: Final = frozenset(
    {b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)
_RANGE: Final = re.compile(rb"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_TAG: Final = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_DIGITS: Final = 18
"""More digits than any file's size has; longer numbers are not parsed."""


class File(msgspec.Struct, frozen=True):
    """The file, as requests select parts of it."""

    size_bytes: int
    etag: bytes | None = None
    """The entity tag with its quotes, and with W/ when it is weak."""
    modified_s: int | None = None
    """The time of the last change, in Unix seconds."""


class Outcome(enum.Enum):
    """The kinds of answers, by their status."""

    WHOLE = 200
    PART = 206
    NOT_MODIFIED = 304
    PRECONDITION_FAILED = 412
    UNSATISFIABLE = 416


class Selection(msgspec.Struct, frozen=True):
    """The outcome and its bytes, which are none for an outcome without a body."""

    outcome: Outcome
    start: int = 0
    size_bytes: int = 0


def select(file: File, headers: Headers) -> Selection:
    """Select the answer to a GET or HEAD with these headers, whose names are in lower case.

    Preconditions come first, in the order of section 13.2.2, then the range.
    """
    asked: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _ASKED:
            asked[name] = asked[name] + b"," + value if name in asked else value
    if not asked:
        return Selection(Outcome.WHOLE, 0, file.size_bytes)
    if not _is_as_wanted(file, asked):
        return Selection(Outcome.PRECONDITION_FAILED)
    if _is_known(file, asked):
        return Selection(Outcome.NOT_MODIFIED)
    wanted = asked.get(b"range")
    if wanted is None or not _is_same(file, asked.get(b"if-range")):
        return Selection(Outcome.WHOLE, 0, file.size_bytes)
    return _select_range(wanted, file.size_bytes)


def encode_date(unix_s: int) -> bytes:
    """Encode a date as in Last-Modified."""
    return email.utils.formatdate(unix_s, usegmt=True).encode()


def parse_date(value: bytes) -> int | None:
    """Return the Unix time of a date in one of HTTP's three notations; None for another text."""
    try:
        parsed = email.utils.parsedate_to_datetime(value.decode("ascii"))
        return int((parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def parse_tags(value: bytes) -> list[bytes]:
    """Return the entity tags of a list; other texts are left out."""
    return [match[0] for match in _TAG.finditer(value)]


def _is_as_wanted(file: File, asked: dict[bytes, bytes]) -> bool:
    """Compare as If-Match does, strongly: a weak tag is equal to none (section 8.8.3.2)."""
    tags = asked.get(b"if-match")
    if tags is not None:
        return tags.strip() == b"*" or (_is_strong(file.etag) and file.etag in parse_tags(tags))
    since = asked.get(b"if-unmodified-since")
    if since is None or file.modified_s is None:
        return True
    since_s = parse_date(since)
    return since_s is None or file.modified_s <= since_s


def _is_known(file: File, asked: dict[bytes, bytes]) -> bool:
    """Return whether the client has the file as it is. If-None-Match compares weakly and replaces If-Modified-Since."""
    tags = asked.get(b"if-none-match")
    if tags is not None:
        if tags.strip() == b"*":
            return True
        mine = (file.etag or b"").removeprefix(b"W/")
        return any(tag.removeprefix(b"W/") == mine for tag in parse_tags(tags))
    since = asked.get(b"if-modified-since")
    if since is None or file.modified_s is None:
        return False
    since_s = parse_date(since)
    return since_s is not None and file.modified_s <= since_s


def _is_same(file: File, wanted: bytes | None) -> bool:
    """Return whether a part would fit the client's: If-Range has a strong tag or exactly the date (section 13.1.5)."""
    if wanted is None:
        return True
    wanted = wanted.strip()
    if wanted.startswith((b'"', b"W/")):
        return _is_strong(file.etag) and wanted == file.etag
    return file.modified_s is not None and parse_date(wanted) == file.modified_s


def _is_strong(etag: bytes | None) -> bool:
    return etag is not None and not etag.startswith(b"W/")


def _select_range(wanted: bytes, size_bytes: int) -> Selection:
    """Parse a single range of bytes. Any other request is treated as one for the whole file."""
    whole = Selection(Outcome.WHOLE, 0, size_bytes)
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or max(len(match[1]), len(match[2])) > _DIGITS or not (match[1] or match[2]):
        return whole
    if not match[1]:
        length = min(int(match[2]), size_bytes)
        return Selection(Outcome.PART, size_bytes - length, length) if length else Selection(Outcome.UNSATISFIABLE)
    start, last = int(match[1]), int(match[2]) if match[2] else size_bytes - 1
    if match[2] and last < start:
        return whole
    if start >= size_bytes:
        return Selection(Outcome.UNSATISFIABLE)
    return Selection(Outcome.PART, start, min(last, size_bytes - 1) - start + 1)
