"""The questions that a client asks whoever reports something, and the answer to a report."""

from typing import Literal

import msgspec

ReportMenuName = Literal["message", "first_dm", "user", "guild"]
"""What the route of a report names: a message, also one by which a stranger opens a direct channel; a user, a guild."""


class ReportButton(msgspec.Struct, kw_only=True):
    """The button of a page."""

    type: Literal["next", "submit", "done", "cancel"]
    target: int | None = None


class ReportElement(msgspec.Struct, kw_only=True):
    """Something that a page shows. None of ours asks for anything."""

    name: str
    type: str
    data: None = None
    should_submit_data: bool = False
    skip_if_unlocalized: bool = False
    is_localized: bool = True


class ReportNode(msgspec.Struct, kw_only=True):
    """A page of the menu."""

    id: int
    key: str
    header: str
    subheader: str | None = None
    info: str | None = None
    button: ReportButton | None = None
    elements: list[ReportElement] = []
    report_type: str | None = None
    children: list[tuple[str, int]] = []
    """The answers to choose from, each with the page to which it leads."""
    is_multi_select_required: bool = False
    is_auto_submit: bool = False


class ReportMenu(msgspec.Struct, kw_only=True):
    """The pages, keyed by their ids."""

    name: ReportMenuName
    variant: str
    version: str
    postback_url: str
    root_node_id: int
    success_node_id: int
    fail_node_id: int
    nodes: dict[str, ReportNode]


class ReportAnswer(msgspec.Struct, kw_only=True):
    """The answer to a report."""

    report_id: str
