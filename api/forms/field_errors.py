"""Discord's shape of errors of single fields, for answers of REST and of the socket alike."""

from typing import Any

from core.domain.errors import FieldError


def nest_fields(fields: tuple[FieldError, ...]) -> dict[str, Any]:
    """`errors.<path>._errors[].{code, message}`; `code` is a text (BASE_TYPE_REQUIRED), as typed libraries read it.

    A place has errors of its own or errors below it, never both: those below say more.
    """
    errors: dict[str, Any] = {}
    for field in fields:
        node = errors
        for step in field.path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": field.code, "message": field.message})
    _keep_deepest(errors)
    return errors


def _keep_deepest(node: dict[str, Any]) -> None:
    if len(node) > 1:
        node.pop("_errors", None)
    for step, below in node.items():
        if step != "_errors":
            _keep_deepest(below)
