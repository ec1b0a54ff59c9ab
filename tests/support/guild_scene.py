"""Scenes for tests of guilds: people in a guild, with the shortcuts that most tests need."""

from typing import Any

from tests.support.embedded_api import Actor, ApiUnderTest

JsonObject = dict[str, Any]


class Scene:
    """A guild of `owner`, with methods that bring others in and give them rights."""

    def __init__(self, api: ApiUnderTest, owner: Actor, guild: JsonObject) -> None:
        self.api = api
        self.owner = owner
        self.guild = guild
        self.id: str = guild["id"]
        self.path = f"/guilds/{self.id}"
        self.general: str = guild["system_channel_id"]

    @classmethod
    async def build(cls, api: ApiUnderTest, **fields: Any) -> "Scene":
        owner = await api.register()
        answer = await owner.post("/guilds", {"name": "Gardeners", **fields})
        assert answer.status_code == 201, answer.text
        return cls(api, owner, answer.json())

    async def join(self) -> Actor:
        """Register a person and bring it into the guild."""
        person = await self.api.register()
        await self.bring_in(person)
        return person

    async def bring_in(self, person: Actor) -> None:
        invite = (await self.owner.post(f"/channels/{self.general}/invites", {"max_age": 0})).json()
        answer = await person.post(f"/invites/{invite['code']}")
        assert answer.status_code == 200, answer.text

    async def add_role(self, *holders: Actor, permissions: int = 0, position: int | None = None, **fields: Any) -> str:
        """Let the owner make a role and give it to the holders. Return its id."""
        answer = await self.owner.post(f"{self.path}/roles", {"permissions": str(permissions), **fields})
        assert answer.status_code == 200, answer.text
        role_id: str = answer.json()["id"]
        if position is not None:
            moved = await self.owner.patch(f"{self.path}/roles", [{"id": role_id, "position": position}])
            assert moved.status_code == 200, moved.text
        for holder in holders:
            given = await self.owner.put(f"{self.path}/members/{holder.id}/roles/{role_id}")
            assert given.status_code == 204, given.text
        return role_id

    async def add_channel(self, name: str = "place", **fields: Any) -> JsonObject:
        answer = await self.owner.post(f"{self.path}/channels", {"name": name, **fields})
        assert answer.status_code == 201, answer.text
        channel: JsonObject = answer.json()
        return channel


def error_code(answer: Any) -> tuple[int, int]:
    """Return the HTTP status and the JSON error code."""
    return answer.status_code, answer.json()["code"]


def form_code(answer: Any, *path: str) -> str:
    """Return the form code of the first error of a field."""
    assert error_code(answer) == (400, 50035), answer.text
    node = answer.json()["errors"]
    for step in path:
        node = node[step]
    code: str = node["_errors"][0]["code"]
    return code
