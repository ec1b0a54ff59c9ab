"""Reasons for the audit log: how they are read on routes that take one (`Route.is_audited`).

Discord refuses a reason of more than 512 characters (discord-api-docs issue 811), so every one of these routes
refuses it, also those that do not keep reasons yet.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from core.domain.errors import invalid_field
from core.domain.texts import REASON

Headers = Iterable[tuple[bytes, bytes]]

_QUERY_REASON: Final = re.compile(rb"(?:^|&)reason=([^&]*)")


def read_reason(headers: Headers, query: bytes = b"") -> str | None:
    """Read X-Audit-Log-Reason (percent-encoded UTF-8) or, for older libraries, `reason` in the query. Blank means None.

    Raises:
        Invalid: when it is too long, or no text.
    """
    field = "X-Audit-Log-Reason"
    given = next((value.decode("latin-1") for name, value in headers if name == b"x-audit-log-reason"), "")
    if not given and b"reason=" in query:
        field = "reason"
        found = _QUERY_REASON.search(query)
        given = found[1].replace(b"+", b" ").decode("latin-1") if found is not None else ""
    return _parse_reason(given, field) if given else None


def _parse_reason(given: str, field: str) -> str | None:
    try:
        reason = unquote_to_bytes(given).decode("utf-8")
    except UnicodeDecodeError:
        raise invalid_field(field, "STRING_TYPE_CONVERT", "Must be percent-encoded UTF-8.") from None
    if "\x00" in reason:
        raise invalid_field(field, "STRING_TYPE_INVALID", "Text may not hold NUL characters.")
    return REASON.parse(reason, field) or None
