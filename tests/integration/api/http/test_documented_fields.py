"""Each documented field of each built route is honoured or refused; `field_walk` explains the method."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pytest

from api.forms.marks import is_nothing
from api.services.invites import invites
from tests.integration.api.http.field_scenes import SCENES
from tests.integration.api.http.field_walk import (
    Documented,
    Field,
    Observation,
    Prepare,
    Prepared,
    Route,
    Schema,
    discord,
    normalise,
    observe,
    plain,
    with_value,
)
from tests.support.embedded_api import ApiUnderTest

UNBUILT_ROUTES: Final[frozenset[Route]] = frozenset({("PUT", "/guilds/{guild_id}/members/{user_id}")})
"""Routes that are built as far as answering 501."""

OF_ACCOUNTS: Final[frozenset[Route]] = frozenset(
    {("POST", "/auth/register"), ("POST", "/auth/login"), ("POST", "/auth/sessions/logout")}
)
"""Routes whose fields are secrets, which no observation shows. `test_auth` tests them one by one."""

OF_LINKS: Final[frozenset[Route]] = frozenset({("PUT", "/attachments/uploads/{file_id}")})
"""Routes whose fields are the signature of a link. `test_uploads` tests them."""

OF_STAFF: Final[frozenset[Route]] = frozenset({("POST", "/report"), ("POST", "/reporting/{name}")})
"""Routes whose effects only instance staff sees. `test_reports` tests them."""

EMPTY: Final = "empty_lists"
"""The tag of routes about things that cannot exist. Their queries have nothing to choose from."""

_MESSAGE: Final = {"components": 501, "sticker_ids": 501}
_CHANNEL: Final = {"default_reaction_emoji": 501, "available_tags": 501, "default_tag_setting": 501}
_THREAD: Final = dict.fromkeys(("applied_tags", "archived", "auto_archive_duration", "invitable", "locked"), 501)
_GROUP: Final = {"icon": 400, "owner": 400}
"""What only groups have, on the route of all channels."""
_APPLICATION: Final = dict.fromkeys(("type", "team_id", "cover_image", "custom_install_url", "install_params", "integration_types_config", "event_webhooks_status", "event_webhooks_types", "event_webhooks_url", "explicit_content_filter", "max_participants", "description.localizations"), 501)  # fmt: skip

REFUSED: Final[Mapping[Route, Mapping[str, int]]] = {
    ("PATCH", "/applications/@me"): _APPLICATION,
    ("PATCH", "/applications/{application_id}"): _APPLICATION,
    ("PATCH", "/channels/{channel_id}"): {**_CHANNEL, **_THREAD, **_GROUP},
    ("PUT", "/channels/{channel_id}"): {**_CHANNEL, **_THREAD, **_GROUP},
    ("PUT", "/channels/{channel_id}/recipients/{user_id}"): {"access_token": 501, "nick": 501},
    ("POST", "/guilds/{guild_id}/channels"): _CHANNEL,
    ("POST", "/guilds"): {**{f"channels[].{name}": status for name, status in _CHANNEL.items()}, "roles[].icon": 501},
    ("PATCH", "/guilds/{guild_id}"): {"home_header": 501},
    ("POST", "/channels/{channel_id}/messages"): {
        **_MESSAGE, "activity": 501, "shared_client_theme": 501,
    },
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): _MESSAGE,
    ("POST", "/channels/{channel_id}/invites"): {
        "target_type": 501, "target_user_id": 501, "target_application_id": 501, "target_users_file": 501,
    },
    ("GET", "/invites/{code}"): {
        "?guild_scheduled_event_id": 501, "?target_channel_id": 501, "?target_message_id": 501,
    },
    ("POST", "/users/@me/channels"): {"access_tokens": 501, "nicks": 501},
    ("POST", "/stage-instances"): {"guild_scheduled_event_id": 501},
}  # fmt: skip
"""The fields that are refused, and the status. Fields below such a field are refused with it."""

HONOURED_BY_REFUSAL: Final[Mapping[Route, Mapping[str, int]]] = {
    ("GET", "/oauth2/authorize"): {"?scope": 400},
    ("POST", "/oauth2/authorize"): {"?scope": 400},
    ("PATCH", "/users/@me"): {"password": 400},
    ("PATCH", "/guilds/{guild_id}/members/{user_id}"): {"mute": 400, "deaf": 400, "channel_id": 400},
    ("PATCH", "/guilds/{guild_id}/voice-states/@me"): {"channel_id": 404},
    ("PATCH", "/voice/state"): {"guild_id": 404},
    ("PUT", "/channels/{channel_id}/call/peers/@me"): {"session_id": 404, "towards": 400},
    ("PATCH", "/channels/{channel_id}/call/peers/@me"): {"round_id": 404},
    ("POST", "/channels/{channel_id}/call/peers/{user_id}/signals"): {"round_id": 404},
    ("DELETE", "/voice/state"): {"?guild_id": 404},
    ("PATCH", "/guilds/{guild_id}/voice-states/{user_id}"): {"channel_id": 404},
    ("POST", "/channels/{channel_id}/messages"): {
        "message_reference.type": 400, "message_reference.fail_if_not_exists": 400,
    },
    ("POST", "/guilds"): {"channels[].id": 400},
    ("POST", "/channels/{channel_id}/attachments"): {"files[].file_size": 413},
    ("POST", "/files/upload-url"): {"files[].file_size": 413, "channel_id": 404},
    ("POST", "/users/@me/relationships"): {"discriminator": 400},
    ("POST", "/guilds/{guild_id}/channels"): {"permission_overwrites[].type": 404},
    ("PATCH", "/channels/{channel_id}"): {"permission_overwrites[].type": 404},
    ("PUT", "/channels/{channel_id}"): {"permission_overwrites[].type": 404},
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}"): {"type": 404},
}  # fmt: skip
"""The fields whose only accepted value is the present one: only bots are authorized, nobody is in voice, a message
with content forwards none, …"""

_FOUND: Final = "Discord says this of what it has found behind a link, and drops it in what others send"
_PICTURE_PARTS: Final = ("width", "height", "placeholder", "placeholder_version", "is_animated")
_EMBEDS: Final = {
    **{f"embeds[].{part}": _FOUND for part in ("type", "provider", "video")},
    **{f"embeds[].{picture}.{part}": _FOUND for picture in ("image", "thumbnail") for part in _PICTURE_PARTS},
}
"""The older `embed` is in no document of Discord, so only its honoured fields are known."""

_ATTACHMENTS: Final = {
    "attachments[].id": "it names a file of a form, or of the message; an upload has a name of its own"
}

_POLLS: Final = {
    "poll.duration": "times are not compared here",
    "poll.layout_type": "there is one layout",
    "poll.question.emoji": "a question has no emoji, as documented",
}

UNSEEN: Final[Mapping[Route, Mapping[str, str]]] = {
    ("POST", "/channels/{channel_id}/messages"): {
        "enforce_nonce": "nonces are always enforced",
        **_EMBEDS,
        **_ATTACHMENTS,
        **_POLLS,
    },
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): {**_EMBEDS, **_ATTACHMENTS},
    ("POST", "/channels/{channel_id}/messages/{message_id}/ack"): {
        "token": "clients give back what an answer has given"
    },
    ("POST", "/stage-instances"): {"privacy_level": "stages are for their guild alone"},
    ("PATCH", "/stage-instances/{channel_id}"): {"privacy_level": "stages are for their guild alone"},
    ("DELETE", "/channels/{channel_id}/messages/ack"): {"version": "the form has one shape"},
}
"""The fields that make no difference, and why that is right."""


@pytest.fixture(scope="module")
def document() -> Documented:
    return discord()


async def own_document(api: ApiUnderTest) -> tuple[Documented, Mapping[str, Any]]:
    raw = (await api.nobody.get("http://guildway/openapi.json")).json()
    return Documented(raw), raw


def fields_of(route: Route, *documents: Documented) -> dict[Field, tuple[Documented, Schema]]:
    """Merge the fields of several documents. The first document with a field has its schema."""
    found: dict[Field, tuple[Documented, Schema]] = {}
    for document in documents:
        for field, schema in document.fields(route).items():
            found.setdefault(field, (document, schema))
    return found


async def test_every_route_with_fields_has_a_scene(api: ApiUnderTest, document: Documented) -> None:
    own, raw = await own_document(api)
    empty = {route for route in own.routes() if raw["paths"][route[1]][route[0].lower()]["tags"] == [EMPTY]}
    wanted = {route for route in own.routes() if fields_of(route, document, own)}
    assert wanted - empty - UNBUILT_ROUTES - OF_ACCOUNTS - OF_LINKS - OF_STAFF == set(SCENES)


class Walk:
    """The observations of one route."""

    def __init__(self, api: ApiUnderTest, route: Route) -> None:
        self._api = api
        self._method = route[0]
        self._prepare: Prepare = SCENES[route]
        self._plain: dict[str, Observation] = {}

    async def observe_plain(self, field: Field) -> Observation:
        """Observe the request without the field. Two observations must be equal, or the walk proves nothing."""
        prepared = plain(await self._prepare(self._api, field.name), field)
        key = _describe(prepared)
        if key not in self._plain:
            first = await observe(self._api, self._method, prepared)
            again = plain(await self._prepare(self._api, field.name), field)
            assert first.status < 300, f"{field}: the request without it is answered {first.answer}"
            assert (await observe(self._api, self._method, again)).seen == first.seen, (
                f"{field}: looks differ by chance"
            )
            self._plain[key] = first
        return self._plain[key]

    async def observe_values(
        self, before: Observation, field: Field, document: Documented, schema: Schema
    ) -> list[tuple[Any, Observation]]:
        """The requests with the field: one for each value that it may have, until one makes a difference."""
        seen: list[tuple[Any, Observation]] = []
        while True:
            prepared = await self._prepare(self._api, field.name)
            values = prepared.values.get(field.name) or document.values(schema)
            if len(seen) >= len(values):
                return seen
            value = values[len(seen)]
            observed = await observe(self._api, self._method, with_value(prepared, field, value))
            seen.append((value, observed))
            if observed.status < 300 and observed.seen != before.seen:
                return seen


def _describe(prepared: Prepared) -> str:
    request = [prepared.path, prepared.body, prepared.query]
    return normalise(msgspec.json.encode(request).decode(), prepared.names)


def judge(before: Observation, after: list[tuple[Any, Observation]]) -> str:
    """Return the result for a field: "honoured", the status of a refusal, or "forgotten"."""
    if not after:
        return "no value"
    if any(observation.seen != before.seen for _, observation in after if observation.status < 300):
        return "honoured"
    refusals = [observation.status for value, observation in after if observation.status >= 300]
    # Empty values are accepted also where the field is refused.
    return (
        str(refusals[0])
        if all(is_nothing(value) for value, observation in after if observation.status < 300)
        else "forgotten"
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("route", sorted(SCENES), ids=" ".join)
async def test_fields_are_honoured_or_refused(api: ApiUnderTest, document: Documented, route: Route) -> None:
    own, _ = await own_document(api)
    unseen = UNSEEN.get(route, {})
    refused = {**REFUSED.get(route, {}), **HONOURED_BY_REFUSAL.get(route, {})}
    fields = fields_of(route, document, own)
    walk = Walk(api, route)
    found, expected = {}, {}
    for field in sorted(fields):
        name = str(field)
        if any(name.startswith((f"{above}.", f"{above}[].")) for above in (*refused, *unseen)):
            continue
        expected[name] = str(refused[name]) if name in refused else "forgotten" if name in unseen else "honoured"
        before = await walk.observe_plain(field)
        after = await walk.observe_values(before, field, *fields[field])
        found[name] = judge(before, after)
        if name in REFUSED.get(route, {}):
            assert all(
                f'"{field.name.rpartition(".")[2]}"' in seen.answer for _, seen in after if seen.status >= 300
            ), name
    assert found == expected
    assert {*refused, *unseen} <= expected.keys(), "listed, but in no document"


async def test_walk_finds_what_is_forgotten(
    api: ApiUnderTest, document: Documented, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = ("POST", "/channels/{channel_id}/invites")
    walk, known = Walk(api, route), document.fields(route)
    nobodys, roles = Field("walked"), Field("role_ids")
    before = await walk.observe_plain(nobodys)
    assert judge(before, await walk.observe_values(before, nobodys, document, {"type": "string"})) == "forgotten"
    assert judge(before, await walk.observe_values(before, roles, document, known[roles])) == "honoured"
    monkeypatch.setattr(invites, "parse_ids", lambda *_, **__: [])
    assert judge(before, await walk.observe_values(before, roles, document, known[roles])) == "forgotten"
