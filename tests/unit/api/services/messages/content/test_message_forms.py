"""Bodies of messages: every body is a draft or a domain error."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.forms.form import Form
from api.services.messages.content.message_forms import (
    CreateMessage,
    EditMessage,
    parse_content,
    parse_draft,
    parse_edit,
)
from core.domain.errors import DomainError, Invalid, NotBuilt

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
FIELDS = [
    "content",
    "embeds",
    "embed",
    "nonce",
    "tts",
    "flags",
    "allowed_mentions",
    "message_reference",
    "components",
    "poll",
]
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
    of_discords_own = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14
    draft = parse_draft(CreateMessage(content="x", flags=1 << 2 | 1 << 12 | of_discords_own))
    assert draft.flags == 1 << 2 | 1 << 12


@pytest.mark.parametrize(("flag", "error"), [(1 << 6, Invalid), (1 << 15, NotBuilt)])
def test_draft_with_a_flag_that_asks_for_more_is_refused(flag: int, error: type[Invalid | NotBuilt]) -> None:
    for form in (CreateMessage(content="x", flags=flag | 4), CreateMessage(flags=flag)):
        with pytest.raises(error) as caught:
            parse_draft(form)
        assert [field.path for field in caught.value.fields] == [("flags",)]


def test_edit_passes_over_flags_that_cannot_be_edited_but_not_over_components() -> None:
    assert parse_edit(EditMessage(flags=1 << 2 | 1 << 12 | 1 << 6 | 1 << 13)).flags == 1 << 2
    with pytest.raises(NotBuilt):
        parse_edit(EditMessage(flags=1 << 15))


ONE, OTHER = {"title": "one"}, {"title": "other"}


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        ({"embed": ONE}, ["one"]),
        ({"embed": ONE, "embeds": []}, ["one"]),
        ({"embed": ONE, "embeds": None}, ["one"]),
        ({"embed": ONE, "embeds": [OTHER]}, ["other"]),
        ({"embed": None, "embeds": [OTHER]}, ["other"]),
        ({"embed": None}, []),
        ({"embed": {}}, []),
        ({"embeds": []}, []),
        ({}, None),
    ],
)
def test_embed_of_older_libraries_is_one_of_the_embeds(body: dict[str, Any], titles: list[str] | None) -> None:
    encoded = msgspec.json.encode({"content": "x", **body})
    draft = parse_draft(Form(CreateMessage).decode(encoded))
    assert [embed["title"] for embed in msgspec.json.decode(draft.embeds)] == (titles or [])
    edit = parse_edit(Form(EditMessage).decode(encoded))
    if isinstance(edit.embeds, msgspec.UnsetType):
        assert titles is None
    else:
        assert [embed["title"] for embed in msgspec.json.decode(edit.embeds)] == titles


def test_wrong_embed_of_older_libraries_is_named_as_it_was_sent() -> None:
    for parse, form in ((parse_draft, CreateMessage), (parse_edit, EditMessage)):
        with pytest.raises(Invalid) as caught:
            parse(Form(form).decode(msgspec.json.encode({"embed": {"title": "x" * 257, "url": "x"}})))  # type: ignore[operator] # each with its own
        assert [field.path for field in caught.value.fields] == [("embed", "title"), ("embed", "url")]
