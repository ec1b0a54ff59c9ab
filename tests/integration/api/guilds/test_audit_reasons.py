"""A reason for the audit log is read alike on every route that takes one."""

import httpx
import pytest

from api.routes.all_routes import API_ROUTES
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, form_code

HEADER = "X-Audit-Log-Reason"

AUDITED_ROUTES = frozenset(
    {
        "PATCH /channels/{channel_id}",
        "PUT /channels/{channel_id}",
        "DELETE /channels/{channel_id}",
        "PUT /channels/{channel_id}/permissions/{overwrite_id}",
        "DELETE /channels/{channel_id}/permissions/{overwrite_id}",
        "POST /channels/{channel_id}/invites",
        "DELETE /channels/{channel_id}/messages/{message_id}",
        "POST /channels/{channel_id}/messages/bulk-delete",
        "PUT /channels/{channel_id}/messages/pins/{message_id}",
        "DELETE /channels/{channel_id}/messages/pins/{message_id}",
        "PUT /channels/{channel_id}/pins/{message_id}",
        "DELETE /channels/{channel_id}/pins/{message_id}",
        "DELETE /invites/{code}",
        "DELETE /webhooks/{webhook_id}",
        "PATCH /webhooks/{webhook_id}",
        "POST /channels/{channel_id}/followers",
        "PATCH /guilds/{guild_id}",
        "POST /guilds/{guild_id}/channels",
        "PATCH /guilds/{guild_id}/members/@me",
        "PATCH /guilds/{guild_id}/members/@me/nick",
        "PATCH /guilds/{guild_id}/members/{user_id}",
        "DELETE /guilds/{guild_id}/members/{user_id}",
        "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        "DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        "PUT /guilds/{guild_id}/bans/{user_id}",
        "DELETE /guilds/{guild_id}/bans/{user_id}",
        "POST /guilds/{guild_id}/bulk-ban",
        "POST /guilds/{guild_id}/roles",
        "PATCH /guilds/{guild_id}/roles",
        "PATCH /guilds/{guild_id}/roles/{role_id}",
        "DELETE /guilds/{guild_id}/roles/{role_id}",
        "POST /guilds/{guild_id}/prune",
        "DELETE /guilds/{guild_id}/integrations/{integration_id}",
        "POST /stage-instances",
        "PATCH /stage-instances/{channel_id}",
        "DELETE /stage-instances/{channel_id}",
        "PUT /channels/{channel_id}/voice-status",
    }
)
"""The built routes that support the header by Discord's documentation."""


class Ground:
    """A guild, and the ids for paths."""

    def __init__(self, scene: Scene, ids: dict[str, str]) -> None:
        self.scene = scene
        self._ids = ids

    @classmethod
    async def build(cls, api: ApiUnderTest) -> "Ground":
        scene = await Scene.build(api)
        member = await scene.join()
        message = await scene.owner.post(f"/channels/{scene.general}/messages", {"content": "x"})
        invite = await scene.owner.post(f"/channels/{scene.general}/invites", {})
        role = await scene.add_role()
        ids = {"guild_id": scene.id, "channel_id": scene.general, "user_id": member.id, "role_id": role}
        ids |= {
            "overwrite_id": role,
            "message_id": message.json()["id"],
            "code": invite.json()["code"],
            "webhook_id": role,
            "integration_id": role,
        }
        return cls(scene, ids)

    async def send(self, route: str, reason: str | None, *, query: str = "") -> httpx.Response:
        method, path = route.split()
        headers = {} if reason is None else {HEADER: reason}
        body = {} if method in ("POST", "PATCH", "PUT") else None
        return await self.scene.owner.request(method, path.format(**self._ids) + query, json=body, headers=headers)


@pytest.mark.parametrize("route", sorted(AUDITED_ROUTES))
async def test_reason_that_is_too_long_or_no_text_is_refused_and_nothing_done(api: ApiUnderTest, route: str) -> None:
    ground = await Ground.build(api)
    before = len(api.deliveries)
    for reason, code in (
        ("x" * 513, "BASE_TYPE_MAX_LENGTH"),
        ("%C3%BC" * 513, "BASE_TYPE_MAX_LENGTH"),
        ("%FF", "STRING_TYPE_CONVERT"),
        ("a%00", "STRING_TYPE_INVALID"),
    ):
        assert form_code(await ground.send(route, reason), HEADER) == code
    assert form_code(await ground.send(route, None, query=f"?reason={'x' * 513}"), "reason") == "BASE_TYPE_MAX_LENGTH"
    assert len(api.deliveries) == before
    for reason in ("%C3%BC" * 512, "", "%20"):
        answer = await ground.send(route, reason)
        assert HEADER not in answer.text


async def test_routes_that_take_no_reason_pass_over_it(api: ApiUnderTest) -> None:
    ground = await Ground.build(api)
    path = f"/channels/{ground.scene.general}"
    headers = {HEADER: "x" * 600}
    assert (await ground.scene.owner.post(f"{path}/messages", {"content": "x"}, headers=headers)).status_code == 200
    assert (await ground.scene.owner.get(path, headers=headers)).status_code == 200


def test_routes_that_take_a_reason_are_those_of_the_documentation() -> None:
    assert {
        f"{route.method} {path}" for route in API_ROUTES if route.is_audited for path in route.paths
    } == AUDITED_ROUTES
