"""Who may register: everybody, who has an invite, or nobody."""

from typing import Any

import pytest

from core.runtime.settings.settings import InstanceSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import PASSWORD, ApiUnderTest

CODE = "a-code-for-friends"
OTHER = "another-code-of-the-operator"
INVITE_ONLY = InstanceSettings(registration="invite", registration_codes=(CODE, OTHER))
POLICY = "http://guildway/api/policies/instance/config"


async def register(api: ApiUnderTest, name: str, **fields: Any) -> tuple[int, str]:
    """Register, and return the status and the code of the fault."""
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
    answer = await api.nobody.post("/auth/register", {**body, **fields})
    if answer.status_code == 201:
        return 201, ""
    [fault] = answer.json()["errors"]["email"]["_errors"]
    return answer.status_code, fault["code"]


async def make_invite(api: ApiUnderTest, **fields: Any) -> str:
    """Make a guild and an invite to it, by somebody whom the operator has let in."""
    body = {"username": "owner", "email": "owner@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
    owner = api.actor((await api.nobody.post("/auth/register", {**body, "invite": CODE})).json()["token"])
    guild = (await owner.post("/guilds", {"name": "A guild"})).json()
    [channel, *_] = [each for each in (await owner.get(f"/guilds/{guild['id']}/channels")).json() if each["type"] == 0]
    code: str = (await owner.post(f"/channels/{channel['id']}/invites", fields)).json()["code"]
    return code


async def test_closed_server_lets_nobody_register(open_api: OpenApi) -> None:
    async with open_api(instance=InstanceSettings(registration="closed", registration_codes=(CODE,))) as api:
        for invite in (None, "", CODE):
            assert await register(api, "zoe", invite=invite) == (400, "REGISTRATION_DISABLED")
        config = (await api.nobody.get(POLICY)).json()
        assert (config["register_disabled"], config["register_allowNewRegistration"]) == (True, False)


@pytest.mark.parametrize("code", [CODE, OTHER])
async def test_operators_codes_let_people_in_again_and_again(open_api: OpenApi, code: str) -> None:
    async with open_api(instance=INVITE_ONLY) as api:
        assert await register(api, "zoe", invite=code) == (201, "")
        assert await register(api, "yan", invite=code) == (201, "")
        config = (await api.nobody.get(POLICY)).json()
        assert (config["register_requireInvite"], config["register_allowNewRegistration"]) == (True, True)


@pytest.mark.parametrize(
    ("invite", "fault"),
    [
        (None, "INVITE_ONLY"),
        ("", "INVITE_ONLY"),
        (CODE[:-1], "INVITE_INVALID"),
        (f"{CODE}x", "INVITE_INVALID"),
        ("é", "INVITE_INVALID"),
    ],
)
async def test_invite_only_server_refuses_others(open_api: OpenApi, invite: str | None, fault: str) -> None:
    async with open_api(instance=INVITE_ONLY) as api:
        assert await register(api, "zoe", invite=invite) == (400, fault)
        assert await register(api, "zoe", invite=CODE) == (201, "")


async def test_invite_to_a_guild_lets_people_in_for_as_long_as_it_is_good(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(instance=INVITE_ONLY, clock=clock) as api:
        code = await make_invite(api, max_age=60, max_uses=1)
        assert await register(api, "zoe", invite=code) == (201, "")
        assert await register(api, "yan", invite=code) == (201, ""), "a registration uses up nothing"
        clock.advance(61)
        assert await register(api, "xia", invite=code) == (400, "INVITE_INVALID")


async def test_open_server_heeds_no_invite(open_api: OpenApi) -> None:
    async with open_api() as api:
        assert await register(api, "zoe", invite="nothing-like-it") == (201, "")
