"""Limits and shape of embeds."""

import msgspec
import pytest

from api.services.messages.content.embeds import (
    EmbedAuthorForm,
    EmbedFieldForm,
    EmbedFooterForm,
    EmbedForm,
    EmbedMediaForm,
    parse_embeds,
)
from core.domain.errors import Invalid


def decoded(*forms: EmbedForm) -> object:
    return msgspec.json.decode(parse_embeds(forms))


def test_embed_full_is_put_into_wire_shape() -> None:
    form = EmbedForm(
        title=" title ",
        description="text",
        url="https://example.org/a?b#c",
        timestamp="2020-01-02T03:04:05+01:00",
        color=0xFFFFFF,
        footer=EmbedFooterForm(text="foot", icon_url="attachment://a.png"),
        image=EmbedMediaForm(url="http://example.org/i.png"),
        thumbnail=EmbedMediaForm(url="https://example.org/t.png", description="alt"),
        author=EmbedAuthorForm(name="me", url="https://example.org"),
        fields=[EmbedFieldForm(name="n", value="v"), EmbedFieldForm(name="m", value="w", inline=True)],
    )
    assert decoded(form) == [
        {
            "type": "rich",
            "title": "title",
            "description": "text",
            "url": "https://example.org/a?b#c",
            "timestamp": "2020-01-02T02:04:05.000000+00:00",
            "color": 0xFFFFFF,
            "footer": {"text": "foot", "icon_url": "attachment://a.png"},
            "image": {"url": "http://example.org/i.png"},
            "thumbnail": {"url": "https://example.org/t.png", "description": "alt"},
            "author": {"name": "me", "url": "https://example.org"},
            "fields": [{"name": "n", "value": "v", "inline": False}, {"name": "m", "value": "w", "inline": True}],
        }
    ]


def test_embeds_absent_are_an_empty_list() -> None:
    assert bytes(parse_embeds(None)) == b"[]"
    assert bytes(parse_embeds([])) == b"[]"


def test_embed_that_says_nothing_is_dropped() -> None:
    empty = EmbedForm(title="  ", footer=EmbedFooterForm(icon_url="https://example.org/x"), author=EmbedAuthorForm())
    assert decoded(empty, EmbedForm(title="x")) == [{"type": "rich", "title": "x"}]


@pytest.mark.parametrize(
    ("form", "path", "code"),
    [
        (EmbedForm(title="x" * 257), ("title",), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(description="x" * 4097), ("description",), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(footer=EmbedFooterForm(text="x" * 2049)), ("footer", "text"), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(author=EmbedAuthorForm(name="x" * 257)), ("author", "name"), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(fields=[EmbedFieldForm(name="x" * 257, value="v")]), ("fields", 0, "name"), "BASE_TYPE_MAX_LENGTH"),
        (
            EmbedForm(fields=[EmbedFieldForm(name="n", value="x" * 1025)]),
            ("fields", 0, "value"),
            "BASE_TYPE_MAX_LENGTH",
        ),
        (EmbedForm(fields=[EmbedFieldForm(value="v")]), ("fields", 0, "name"), "BASE_TYPE_REQUIRED"),
        (EmbedForm(fields=[EmbedFieldForm(name="n", value=" ")]), ("fields", 0, "value"), "BASE_TYPE_REQUIRED"),
        (EmbedForm(fields=[EmbedFieldForm(name="n", value="v")] * 26), ("fields",), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(url="ftp://example.org"), ("url",), "URL_TYPE_INVALID_SCHEME"),
        (EmbedForm(url="attachment://a.png"), ("url",), "URL_TYPE_INVALID_SCHEME"),
        (EmbedForm(image=EmbedMediaForm(url="no address")), ("image", "url"), "URL_TYPE_INVALID_URL"),
        (
            EmbedForm(image=EmbedMediaForm(url="http://e/i", description="x" * 4097)),
            ("image", "description"),
            "BASE_TYPE_MAX_LENGTH",
        ),
        (EmbedForm(url="http://" + "x" * 2048), ("url",), "BASE_TYPE_MAX_LENGTH"),
        (EmbedForm(color=0x1000000), ("color",), "NUMBER_TYPE_MAX"),
        (EmbedForm(color=-1), ("color",), "NUMBER_TYPE_MIN"),
        (EmbedForm(timestamp="yesterday"), ("timestamp",), "DATE_TYPE_PARSE"),
        (EmbedForm(timestamp="0001-01-01T00:00:00+14:00"), ("timestamp",), "DATE_TYPE_PARSE"),
    ],
)
def test_embed_beyond_a_limit_names_the_field(form: EmbedForm, path: tuple[str | int, ...], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_embeds([form])
    assert [(field.path, field.code) for field in caught.value.fields] == [(("embeds", 0, *path), code)]


def test_embeds_too_many_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        parse_embeds([EmbedForm(title="x")] * 11)
    assert caught.value.fields[0].path == ("embeds",)


def test_embeds_together_too_long_are_refused() -> None:
    parse_embeds([EmbedForm(description="x" * 3000)] * 2)
    with pytest.raises(Invalid) as caught:
        parse_embeds([EmbedForm(description="x" * 3000), EmbedForm(description="x" * 3000, title="y")])
    assert caught.value.fields[0].code == "MAX_EMBED_SIZE_EXCEEDED"


def test_embed_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        parse_embeds([EmbedForm(title="x" * 300, color=-1)])
    assert {field.path[-1] for field in caught.value.fields} == {"title", "color"}
