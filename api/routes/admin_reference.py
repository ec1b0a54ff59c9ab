"""The reference of `/admin` in Markdown, made from its routes: `python -m api.routes.admin_reference`."""

import sys
import typing
from typing import Any, Final

import msgspec

from api.http.route import Route
from api.routes.all_routes import ADMIN_ROUTES

_HEAD: Final = """\
# /admin

What instance staff asks the API for, beside `/api`. Each request has a token of staff, `Authorization: Staff …`, whose
member has the role of the route or a higher one: reader, moderator, owner. Bodies and answers are JSON. Requests that
change something take a reason for the log in `X-Audit-Log-Reason`, percent-encoded, of 512 characters at most. Errors
have the shape of all errors of the API: 401 without a token of staff, 403 for a role that does not suffice, 404 for
what does not exist, 400 with the wrong fields. Pages are turned with the last id of the page before, as `after`, in the
log as `before`.

This page is made from the routes by `python -m api.routes.admin_reference`. The
[operator's guide](operators-guide.md#administration) says what the actions mean, and how tokens are made.

| route | role | what | body | answer |
|---|---|---|---|---|
"""


def write_reference() -> str:
    """Return the whole page."""
    return _HEAD + "".join(map(_write_row, ADMIN_ROUTES))


def _write_row(route: Route) -> str:
    handler: Any = route.handler
    hints = typing.get_type_hints(handler)
    query = ", ".join(
        f"`{name}`" for name in ("search", "after", "before", "actor", "target", "limit") if name in hints
    )
    what = (handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    asked = _describe(hints["data"], with_defaults=True) if "data" in hints else f"query: {query}" if query else ""
    answer = hints["return"]
    answered = "204" if answer is type(None) else _describe(answer)
    return f"| `{route.method} {route.paths[0]}` | {route.staff_role} | {what} | {asked} | {answered} |\n"


def _describe(type_: Any, *, with_defaults: bool = False) -> str:
    """Name the fields of an object, or of the objects of a list. What a body may leave out has its default."""
    if typing.get_origin(type_) is list:
        return f"a list of {_describe(typing.get_args(type_)[0])}"
    fields = msgspec.structs.fields(type_)
    defaults = [_write_default(field) if with_defaults else "" for field in fields]
    return ", ".join(f"`{field.encode_name}`{default}" for field, default in zip(fields, defaults, strict=True))


def _write_default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    return f" = {msgspec.json.encode(field.default).decode()}"


if __name__ == "__main__":
    sys.stdout.write(write_reference())
