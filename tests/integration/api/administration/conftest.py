"""Instance staff of each role, beside the operator."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.integration.api.conftest import OpenApi, operator_pass
from tests.support.embedded_api import Actor, ApiUnderTest

ADMIN = "http://guildway/admin"


class StaffScene(msgspec.Struct, frozen=True):
    """An API with its operator and a member of staff of each role."""

    api: ApiUnderTest
    operator: Actor
    owner: Actor
    moderator: Actor
    reader: Actor

    async def log(self) -> list[dict[str, Any]]:
        """The whole log, newest first."""
        entries: list[dict[str, Any]] = (await self.reader.get(f"{ADMIN}/log?limit=200")).json()
        return entries


async def hire(api: ApiUnderTest, operator: Actor, role: str) -> Actor:
    """Register a person, put them on the staff and return them with a token of staff."""
    person = await api.register()
    assert (await operator.put(f"{ADMIN}/staff/{person.id}", {"role": role})).status_code == 200
    made = await operator.post(f"{ADMIN}/staff/{person.id}/tokens")
    assert made.status_code == 201, made.text
    member = api.actor(f"Staff {made.json()['token']}")
    member.id = person.id
    return member


@pytest.fixture
async def scene(open_api: OpenApi) -> AsyncIterator[StaffScene]:
    """The scene, on a server that is open to all."""
    async with open_api() as api:
        operator = api.actor(operator_pass())
        owner, moderator, reader = [await hire(api, operator, role) for role in ("owner", "moderator", "reader")]
        yield StaffScene(api, operator, owner, moderator, reader)
