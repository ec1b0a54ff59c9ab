"""The checks of the bars find what they are for."""

from typing import Any, cast

import aiohttp
import pytest

from tests.e2e.cluster.crowd import Listener, Seen, Sender
from tests.e2e.cluster.records import find_broken_listening, find_broken_stores

HISTORY = {"c": [(1, "n1"), (2, "n2"), (3, "n3")]}
NO_HTTP = cast("aiohttp.ClientSession", None)


def make_sender(**answered: str) -> Sender:
    sender = Sender(http=NO_HTTP, apis=["a"], token="", channel_id="c")
    sender.answered.update(answered)
    return sender


def make_listener(*ids: int, lives: tuple[int, ...] = (), channel: str = "c") -> Listener:
    listener = Listener(http=NO_HTTP, gateway="", token="")
    listener.seen = [Seen(channel, number, life) for number, life in zip(ids, lives or [1] * len(ids), strict=True)]
    return listener


def test_answers_that_are_stored_as_answered_are_no_fault() -> None:
    assert find_broken_stores([make_sender(n1="1", n2="2")], HISTORY) == []


@pytest.mark.parametrize(
    ("answered", "history", "fault"),
    [
        ({"n4": "4"}, HISTORY, "n4 was answered as 4 and is stored as None"),
        ({"n1": "2"}, HISTORY, "n1 was answered as 2 and is stored as [1]"),
        ({}, {"c": [(1, "n1"), (2, "n1")]}, "n1 is stored as [1, 2]"),
    ],
)
def test_broken_stores_are_found(answered: dict[str, str], history: Any, fault: str) -> None:
    assert fault in find_broken_stores([make_sender(**answered)], history)


@pytest.mark.parametrize(
    ("ids", "lives"),
    [((1, 2, 3), ()), ((1, 2, 1, 2, 3), ()), ((2, 3), ()), ((1, 3), (1, 2))],
    ids=["all", "some again after a kill", "begun late", "begun anew"],
)
def test_whole_listening_is_no_fault(ids: tuple[int, ...], lives: tuple[int, ...]) -> None:
    assert find_broken_listening(make_listener(*ids, lives=lives), HISTORY, ["c"]) == []


@pytest.mark.parametrize(
    ("ids", "fault"), [((1, 3), "2 was never told"), ((1, 3, 2), "2 came after 3")], ids=["gap", "disorder"]
)
def test_broken_listening_is_found(ids: tuple[int, ...], fault: str) -> None:
    assert fault in find_broken_listening(make_listener(*ids), HISTORY, ["c"])


def test_message_of_a_hidden_channel_is_found() -> None:
    listener = make_listener(9, channel="hidden")
    assert find_broken_listening(listener, HISTORY, ["c"]) == ["message of hidden channel hidden"]
