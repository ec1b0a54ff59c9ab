"""Marks of fields. Every text that people write is one of the product's."""

import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest

from api.forms.form import Form
from api.forms.marks import as_set, find_cleaner, is_nothing, unbuilt
from api.routes.all_routes import API_ROUTES
from core.domain.errors import Invalid, NotBuilt

NOT_TEXTS = {
    "avatar", "banner", "icon", "splash", "discovery_splash",  # pictures
    "url", "icon_url", "interactions_endpoint_url", "role_connections_verification_url",
    "login", "email", "password", "new_password", "session_id_hashes", "ids",
    "code", "nonce", "region", "rtc_region", "timestamp", "date_of_birth",
    "include_roles", "role_ids", "users", "roles", "features", "parse",
    "id",  # the client's own, of an upload
    "channel_id", "end_time", "settings",  # of preferences: an id, a time, base64
    "token",  # of an ack, which is given back and not read
    "filename", "uploaded_filename", "waveform", "attachment_urls",  # of files, whose names are cleaned by `filenames`
    "sdp", "candidate", "sdp_mid", "username_fragment",  # of WebRTC, passed on as they are
    "session_id",  # of a gateway session, which has letters and digits
    "content",  # its definition is applied by `message_forms`, which counts what is left of a message
    "version", "variant", "language",  # of the menus of reports
    "title", "description", "text", "name", "value",  # of embeds, which are measured together
}  # fmt: skip
"""Fields with strings that are no texts of the product, by name. Names and descriptions are listed below."""

LOOKED_UP = {"RequestByName.username", "RequestByName.discriminator", "Registration.invite"}
"""Strings that are compared with what is stored, and kept nowhere."""

EMBEDS = {"EmbedForm", "EmbedFieldForm", "EmbedFooterForm", "EmbedAuthorForm", "EmbedMediaForm"}


class Body(msgspec.Struct, kw_only=True):
    ids: Annotated[list[int], as_set(3)] = []
    poll: Annotated[Any, unbuilt("polls")] = None


def plain_strings(info: msgspec.inspect.Type, place: str) -> Iterator[str]:
    """Places ("Form.field") of strings that are not marked as texts."""
    match info:
        case msgspec.inspect.Metadata():
            if not (info.extra or {}).keys() & {"text", "unbuilt"}:
                yield from plain_strings(info.type, place)
        case msgspec.inspect.UnionType():
            for part in info.types:
                yield from plain_strings(part, place)
        case msgspec.inspect.ListType():
            yield from plain_strings(info.item_type, place)
        case msgspec.inspect.StructType():
            for field in info.fields:
                yield from plain_strings(field.type, f"{info.cls.__name__}.{field.name}")
        case msgspec.inspect.StrType():
            yield place


def test_every_text_that_a_route_takes_is_defined() -> None:
    bodies = [typing.get_type_hints(route.handler, include_extras=True).get("data") for route in API_ROUTES]
    found = {
        place for body in bodies if body is not None for place in plain_strings(msgspec.inspect.type_info(body), "")
    }
    assert found, "no strings at all: the walk found nothing"
    outside = {place for place in found - LOOKED_UP if place.partition(".")[2] not in NOT_TEXTS}
    assert outside == set()
    named = {place for place in found if place.partition(".")[2] in ("name", "description", "title", "text", "value")}
    assert {place.partition(".")[0] for place in named} <= EMBEDS


def test_set_names_what_it_has_twice() -> None:
    with pytest.raises(Invalid) as caught:
        Form(Body).decode(b'{"ids": [1, "2", 1, 2, 3]}')
    assert [(error.path, error.code) for error in caught.value.fields] == [(("ids",), "BASE_TYPE_MAX_LENGTH")]
    with pytest.raises(Invalid) as caught:
        Form(Body).decode(b'{"ids": [1, "2", "1"]}')
    assert [(error.path, error.code) for error in caught.value.fields] == [
        (("ids", 2), "SET_TYPE_ALREADY_CONTAINS_VALUE")
    ]


@pytest.mark.parametrize("nothing", [b"null", b'""', b"0", b"false", b"[]", b"{}", b'{"question": {"text": ""}}'])
def test_unbuilt_parts_that_say_nothing_pass(nothing: bytes) -> None:
    Form(Body).decode(b'{"poll": %b}' % nothing)


@pytest.mark.parametrize("something", [b'"x"', b"1", b"true", b"[{}]", b'{"question": {"text": "?"}}'])
def test_unbuilt_parts_are_refused_by_name(something: bytes) -> None:
    with pytest.raises(NotBuilt, match="polls") as caught:
        Form(Body).decode(b'{"poll": %b}' % something)
    assert [(error.path, error.code) for error in caught.value.fields] == [(("poll",), "NOT_BUILT")]


def test_what_is_wrong_is_told_before_what_is_not_built() -> None:
    with pytest.raises(Invalid):
        Form(Body).decode(b'{"poll": 1, "ids": ["x"]}')


def test_forms_without_marks_have_no_cleaner() -> None:
    assert find_cleaner(list[int]) is None
    assert find_cleaner(Body) is not None
    assert is_nothing({"a": {"b": None}, "c": ""})
