"""Every writing route, tried by members with random rights in random guilds."""

from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core_ext.ids import SnowflakeGenerator
from tests.integration.api.rights.attempts import Stage
from tests.integration.api.rights.random_guild import People, draw_world
from tests.integration.api.rights.table import TABLE

PEOPLE: Final = People(*range(1, 7))


@pytest.mark.parametrize("route", TABLE)
def test_route_does_what_its_callers_rights_allow_and_no_more(stage: Stage, route: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(seed=st.integers(0, (1 << 32) - 1))
    def attempt(seed: int) -> None:
        stage.attempt(route, seed)

    attempt()


@pytest.mark.parametrize("route", TABLE)
def test_table_allows_and_refuses(route: str) -> None:
    """A row that always allows or always refuses would check nothing."""
    ids = SnowflakeGenerator(1, 1, lambda: 1 << 40)
    _, draw = TABLE[route]
    drawn = [draw(draw_world(Random(seed), PEOPLE, ids), Random(seed)) for seed in range(300)]
    assert {attempt.is_allowed for attempt in drawn} == {True, False}


NOT_IN_A_GUILD: Final = frozenset(
    {
        "DELETE /attachments/{file_id}/{filename}",
        "POST /attachments/refresh-urls",
        "PUT /attachments/uploads/{file_id}",
        "DELETE /auth/sessions/{session_id}",
        "PATCH /applications/@me",
        "PATCH /applications/{application_id}",
        "DELETE /users/@me/last-seen",
        "PATCH /users/@me",
        "PATCH /users/@me/guilds/settings",
        "PATCH /users/@me/guilds/{guild}/settings",
        "PATCH /users/@me/notification-settings",
        "PATCH /users/@me/profile",
        "PATCH /users/@me/peer-to-peer",
        "PATCH /users/@me/read-receipts",
        "PATCH /users/@me/settings",
        "PATCH /users/@me/settings-proto/{kind}",
        "PATCH /users/@me/settings-proto/{kind}/json",
        "PUT /users/@me/last-seen",
        "PUT /users/@me/notes/{user_id}",
        "POST /metrics",
        "POST /metrics/v2",
        "POST /science",
        "POST /applications",
        "POST /applications/{application_id}/bot",
        "POST /auth/login",
        "POST /auth/logout",
        "POST /auth/register",
        "POST /auth/sessions/logout",
        "DELETE /voice/state",
        "PATCH /voice/state",
        "PATCH /channels/{channel_id}/call",
        "DELETE /channels/{channel_id}/call/peers/@me",
        "PATCH /channels/{channel_id}/call/peers/@me",
        "PUT /channels/{channel_id}/call/peers/@me",
        "POST /channels/{channel_id}/call/peers/{user_id}/signals",
        "POST /channels/{channel_id}/call/ring",
        "POST /channels/{channel_id}/call/stop-ringing",
        "POST /guilds",
        "DELETE /channels/{channel_id}/messages/ack",
        "POST /guilds/{guild_id}/ack",
        "POST /read-states/ack-bulk",
        "POST /invites/{code}",
        "POST /report",
        "POST /reporting/{name}",
        "DELETE /channels/{channel_id}/recipients/{user_id}",
        "DELETE /users/@me/mentions/{message_id}",
        "DELETE /users/@me/relationships/{user_id}",
        "PATCH /users/@me/relationships/{user_id}",
        "POST /users/@me/channels",
        "POST /users/@me/relationships",
        "PUT /users/@me/relationships/{user_id}",
        "PUT /applications/{application_id}/commands",
        "PUT /channels/{channel_id}/recipients/{user_id}",
        "PUT /applications/{application_id}/guilds/{guild_id}/commands",
        "PUT /applications/{application_id}/role-connections/metadata",
        "PUT /guilds/{guild_id}/members/{user_id}",
    }
)
"""Writing routes that need no permission in a guild: they concern the caller's own things, or are not built."""


def test_every_writing_route_is_in_the_table(stage: Stage) -> None:
    document = stage.runner.run(stage.api.nobody.get("http://guildway/api/openapi.json")).json()
    written = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item if method != "get"
    }
    assert written - TABLE.keys() == NOT_IN_A_GUILD
