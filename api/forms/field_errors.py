"""Discord's shape of errors of single fields, for answers of REST and of the socket alike."""

from typing import Any

from core.domain.errors import FieldError


def nest_fields(fields: tuple[FieldError, ...]) -> dict[str, Any]:
    """`errors.<path>._errors[].{code, message}`; `code` is a text (BASE_TYPE_REQUIRED), as typed libraries read it."""
    errors: dict[str, Any] = {}
    for field in fields:
        node = errors
        for step in field.path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": field.code, "message": field.message})
    return errors
