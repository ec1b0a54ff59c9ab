"""The menus of reports: every way through them ends, and only whole ways are read."""

import typing
from collections.abc import Iterator

import pytest

from api.services.reports.menus import make_menu, read_reason
from core.domain.errors import Invalid
from core.wire.objects.report import ReportMenu, ReportMenuName

NAMES = typing.get_args(ReportMenuName)


def ways(menu: ReportMenu, way: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """All ways from a page to those that submit."""
    children = menu.nodes[str(way[-1])].children
    if not children:
        yield way
    for _, target in children:
        yield from ways(menu, (*way, target))


@pytest.mark.parametrize("name", NAMES)
def test_each_way_ends_at_a_page_that_submits_and_has_a_reason_of_its_own(name: ReportMenuName) -> None:
    menu = make_menu(name)
    found = list(ways(menu, (menu.root_node_id,)))
    reasons = [read_reason(name, way) for way in found]
    assert len(set(reasons)) == len(found) > 5
    assert "Abuse or harassment / Threats of violence" in reasons
    on_ways = {number for way in found for number in way}
    ends = {menu.success_node_id, menu.fail_node_id}
    assert {node.id for node in menu.nodes.values()} == on_ways | ends
    assert all(str(node.id) == key for key, node in menu.nodes.items())


def test_other_ways_are_refused() -> None:
    whole = next(ways(make_menu("user"), (1,)))
    for way in ((), whole[1:], (1,), (*whole, 2), (1, 98), (1, -1)):
        with pytest.raises(Invalid):
            read_reason("user", way)
