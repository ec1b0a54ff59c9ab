"""The menus by which clients ask for the reason of a report. The module is pure.

```
 root ─ "Spam" ───────────────→ summary ─ submit → success, or failure
      ├ "Abuse or harassment" ─→ page ─ "…" ─→ summary …
```

A report comes with its breadcrumbs, the ids of the pages from the root to the one that submits. They are read with the
menu of here, so a report of another menu is refused and never misread.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from core.domain.errors import FieldError, Invalid
from core.wire.objects.report import ReportButton, ReportElement, ReportMenu, ReportMenuName, ReportNode

VERSION: Final = "1.0"
VARIANT: Final = "1"
_ROOT: Final = 1
_SUCCESS: Final = 2
_FAILURE: Final = 3
_FIRST: Final = 10
"""The first page of a reason."""

_HEADERS: Final[Mapping[ReportMenuName, str]] = {
    "message": "Report Message",
    "first_dm": "Report Message",
    "user": "Report User",
    "guild": "Report Server",
}
_PREVIEWS: Final[Mapping[ReportMenuName, str]] = {
    "message": "message_preview",
    "first_dm": "message_preview",
    "user": "user_preview",
    "guild": "guild_preview",
}

Reasons = Mapping[str, "Reasons | None"]
_REASONS: Final[Reasons] = {
    "Spam": None,
    "Abuse or harassment": {
        "Insults or bullying": None,
        "Hate against people for who they are": None,
        "Threats of violence": None,
        "Unwanted sexual content": None,
    },
    "Somebody is in danger": {
        "Harm to a child": None,
        "Self-harm or suicide": None,
        "Private information of somebody": None,
    },
    "Something illegal": None,
    "Somebody pretends to be somebody else": None,
    "Something else": None,
}


@lru_cache
def make_menu(name: ReportMenuName) -> ReportMenu:
    """Return the menu. Callers do not change it."""
    nodes = {_ROOT: _make_page(name, _ROOT, "ROOT", _HEADERS[name])}
    nodes[_ROOT].subheader = "Which answer describes the problem best? The staff of this server reads your report."
    nodes[_ROOT].button = ReportButton(type="cancel")
    nodes[_SUCCESS] = _make_end("SUCCESS", _SUCCESS, "Thank you, your report has been sent", "success")
    nodes[_FAILURE] = _make_end("FAIL", _FAILURE, "Your report could not be sent", "fail")
    _add_children(name, nodes, _ROOT, _REASONS)
    return ReportMenu(
        name=name,
        variant=VARIANT,
        version=VERSION,
        postback_url=f"/api/reporting/{name}",
        root_node_id=_ROOT,
        success_node_id=_SUCCESS,
        fail_node_id=_FAILURE,
        nodes={str(number): node for number, node in nodes.items()},
    )


def check_menu(version: str, variant: str) -> None:
    """Check that a client has asked by a menu of here. Raises Invalid."""
    if version != VERSION:
        raise Invalid(FieldError(("version",), "BASE_TYPE_INVALID", f"The version of the menu is {VERSION}."))
    if variant != VARIANT:
        raise Invalid(FieldError(("variant",), "BASE_TYPE_INVALID", f"The variant of the menu is {VARIANT}."))


def read_reason(name: ReportMenuName, breadcrumbs: Sequence[int]) -> str:
    """Return the answers of the way from the root to a page that submits. Raises Invalid."""
    nodes = make_menu(name).nodes
    if not breadcrumbs or breadcrumbs[0] != _ROOT:
        raise _wrong_way("The way begins at the root of the menu.")
    chosen, node = [], nodes[str(_ROOT)]
    for number in breadcrumbs[1:]:
        answer = next((answer for answer, target in node.children if target == number), None)
        if answer is None:
            raise _wrong_way(f"No answer leads to the page {number}.")
        chosen.append(answer)
        node = nodes[str(number)]
    if node.button is None or node.button.type != "submit":
        raise _wrong_way("The way ends before a page that submits.")
    return " / ".join(chosen)


def _add_children(name: ReportMenuName, nodes: dict[int, ReportNode], parent: int, reasons: Reasons) -> None:
    for answer, below in reasons.items():
        number = max(_FIRST, max(nodes) + 1)
        nodes[parent].children.append((answer, number))
        nodes[number] = _make_page(name, number, f"REASON_{number}", answer)
        if below is not None:
            _add_children(name, nodes, number, below)
            continue
        nodes[number].subheader = "Your report contains this, and what it is about."
        nodes[number].button = ReportButton(type="submit")
        nodes[number].report_type = f"reason_{number}"
        nodes[number].elements.append(ReportElement(name="breadcrumbs", type="breadcrumbs"))


def _make_page(name: ReportMenuName, number: int, key: str, header: str) -> ReportNode:
    preview = _PREVIEWS[name]
    return ReportNode(id=number, key=key, header=header, elements=[ReportElement(name=preview, type=preview)])


def _make_end(key: str, number: int, header: str, element: str) -> ReportNode:
    shown = [ReportElement(name=element, type=element)]
    return ReportNode(id=number, key=key, header=header, button=ReportButton(type="done"), elements=shown)


def _wrong_way(text: str) -> Invalid:
    return Invalid(FieldError(("breadcrumbs",), "BASE_TYPE_INVALID", text))
