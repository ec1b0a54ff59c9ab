"""A bounded memory holds the newest entries."""

from gateway.events.recent import remember


def test_first_entry_leaves_when_there_are_more_than_most() -> None:
    recent: dict[int, str] = {}
    for key in range(4):
        remember(recent, key, str(key), most=3)
    assert recent == {1: "1", 2: "2", 3: "3"}


def test_entry_that_is_there_already_is_replaced_and_none_leaves() -> None:
    recent = {1: "a", 2: "b"}
    remember(recent, 1, "c", most=2)
    assert recent == {1: "c", 2: "b"}
