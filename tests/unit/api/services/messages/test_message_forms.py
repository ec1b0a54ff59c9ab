"""Bodies of messages: whatever comes is a draft or a domain error."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.forms import Form
from api.services.messages.message_forms import CreateMessage, EditMessage, parse_content, parse_draft, parse_edit
from core.domain.errors import DomainError, Invalid

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just("<@5> @everyone")
EMBED_FIELDS = [
    "title",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "author",
    "fields",
    "text",
    "name",
]
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(EMBED_FIELDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ["content", "embeds", "nonce", "tts", "flags", "allowed_mentions", "message_reference", "components", "poll"]
BODIES = st.dictionaries(st.sampled_from([*FIELDS, "parse", "other"]), VALUES, max_size=8)


@given(BODIES | VALUES)
def test_body_of_anything_is_a_draft_or_a_domain_error(body: object) -> None:
    encoded = msgspec.json.encode(body)
    for form, parse in ((Form(CreateMessage), parse_draft), (Form(EditMessage), parse_edit)):
        try:
            parse(form.decode(encoded))  # type: ignore[operator] # each with its own
        except DomainError:
            continue


@given(st.binary(max_size=100))
def test_body_that_is_no_json_is_a_domain_error(body: bytes) -> None:
    try:
        Form(CreateMessage).decode(body)
    except Invalid:
        return
    assert isinstance(msgspec.json.decode(body), dict)


@pytest.mark.parametrize("body", [b'{"content": "\xff"}', b'{"content": "\\u0000"}', b"[" * 5000])
def test_body_with_broken_text_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        Form(CreateMessage).decode(body)


def test_body_with_half_a_surrogate_pair_is_mended() -> None:
    assert Form(CreateMessage).decode(b'{"content": "\\ud800"}').content == "\ufffd"


def test_content_counts_characters_after_trimming() -> None:
    assert parse_content("  " + "é" * 2000 + "\n") == "é" * 2000
    with pytest.raises(Invalid):
        parse_content("é" * 2001)


def test_draft_keeps_only_flags_that_senders_may_set() -> None:
    draft = parse_draft(CreateMessage(content="x", flags=(1 << 2) | (1 << 12) | (1 << 0) | (1 << 6)))
    assert draft.flags == (1 << 2) | (1 << 12)
