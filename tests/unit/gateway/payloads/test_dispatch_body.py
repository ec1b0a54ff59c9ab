"""Events in their formats, and their variants without content or nonce."""

import json
from typing import Any

import msgspec
import pytest

from core_ext.payloads import TEMPLATE_FIXED, Template
from gateway.payloads.dispatch_body import TEMPLATES, DispatchBody
from gateway.payloads.encodings import Encoding

MESSAGE: dict[str, Any] = {
    "id": "1",
    "content": "secret",
    "embeds": [{"title": "secret"}],
    "attachments": [{"id": "2"}],
    "components": [{"type": 1}],
    "poll": {"question": {"text": "secret"}},
    "mentions": [],
    "nonce": "abc",
}


def body_of(d: dict[str, Any]) -> DispatchBody:
    return DispatchBody("MESSAGE_CREATE", msgspec.json.encode(d))


def read(body: DispatchBody) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body.payload)
    return value


@pytest.mark.parametrize("encoding", list(Encoding))
def test_shared_is_made_once_and_kept(encoding: Encoding) -> None:
    body = body_of(MESSAGE)
    assert body.shared(encoding) is body.shared(encoding)


def test_template_is_made_once_for_each_form() -> None:
    calls: list[str] = []

    class Maker:
        def __init__(self, index: int, tail: bytes) -> None:
            self.index = index
            self._tail = tail

        def make_template(self, body: DispatchBody) -> Template:
            calls.append(body.event)
            return Template(2, TEMPLATE_FIXED, b"", self._tail)

    body = body_of({"a": 1})
    makers = [Maker(0, b"first"), Maker(TEMPLATES - 1, b"last")]
    for _ in range(3):
        assert [body.find_template(maker).shared for maker in makers] == [b"first", b"last"]
    assert len(calls) == 2


def test_raw_payload_is_taken_as_it_is() -> None:
    body = DispatchBody("E", msgspec.Raw(b'{"a": 1}'))
    assert body.payload == b'{"a": 1}'
    assert body.size_bytes == 8


def test_without_content_empties_what_the_intent_guards() -> None:
    twin = read(body_of(MESSAGE).without_content())
    assert twin == {
        "id": "1",
        "content": "",
        "embeds": [],
        "attachments": [],
        "components": [],
        "mentions": [],
        "nonce": "abc",
    }


def test_without_content_of_a_partial_update_adds_nothing() -> None:
    assert read(body_of({"id": "1", "edited_timestamp": None}).without_content()) == {
        "id": "1",
        "edited_timestamp": None,
    }


def test_without_content_empties_quoted_messages() -> None:
    quoting = {
        "content": "a",
        "referenced_message": {"content": "b", "referenced_message": None},
        "message_snapshots": [{"message": {"content": "c", "embeds": [{}]}}],
    }
    assert read(body_of(quoting).without_content()) == {
        "content": "",
        "referenced_message": {"content": "", "referenced_message": None},
        "message_snapshots": [{"message": {"content": "", "embeds": []}}],
    }


def test_without_nonce_takes_only_the_nonce() -> None:
    twin = read(body_of(MESSAGE).without_nonce())
    assert twin == {key: value for key, value in MESSAGE.items() if key != "nonce"}


def test_twins_are_shared_and_combine_and_leave_the_event_alone() -> None:
    body = body_of(MESSAGE)
    assert body.without_content() is body.without_content()
    assert body.without_nonce() is body.without_nonce()
    both = read(body.without_content().without_nonce())
    assert both["content"] == ""
    assert "nonce" not in both
    assert read(body) == MESSAGE


def test_payload_is_the_same_before_and_after_the_json_form() -> None:
    body = DispatchBody("X", b'{"a":1}')
    assert (body.payload, body.size_bytes) == (b'{"a":1}', 7)
    assert body.shared(Encoding.JSON) == b'"t":"X","op":0,"d":{"a":1}}'
    assert (body.payload, body.size_bytes) == (b'{"a":1}', 7)
    assert body.shared(Encoding.MSGPACK) == DispatchBody("X", b'{"a":1}').shared(Encoding.MSGPACK)
