"""The places where documented fields are tried: a guild with people, and the channels and roles that a field needs."""

import time
from typing import Any, Final

from api.services.accounts.tokens import make_token
from core.domain.channels.channel import ChannelType
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.randomness import SYSTEM_RANDOMNESS
from tests.integration.api.http.field_walk import Prepared
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, next_id, store_guild

VOCAL: Final = frozenset({"bitrate", "user_limit", "rtc_region", "video_quality_mode"})
OF_FORUMS: Final = frozenset(
    {
        "default_sort_order",
        "default_forum_layout",
        "flags",
        "available_tags",
        "default_reaction_emoji",
        "default_tag_setting",
    }
)
_DAYS_AGO_MS: Final = 10 * 24 * 60 * 60 * 1000


async def make_people(api: ApiUnderTest, count: int, *, last_used_ms: int) -> list[Actor]:
    """People with tokens and no passwords."""
    people = []
    async with api.store.write() as tx:
        for _ in range(count):
            user = User(id=next_id(), username=f"walker.{next_id()}")
            token = make_token(user.id, next_id() & 0xFFFFFF, SYSTEM_RANDOMNESS)
            await tx.users.create(Account(user=user))
            await tx.users.add_auth_session(
                AuthSession(
                    id=next_id(), user_id=user.id, token_hash=hash_token(token), created_ms=1, last_used_ms=last_used_ms
                )
            )
            people.append(api.actor(token))
            people[-1].id = str(user.id)
    return people


class Ground:
    """A guild with an owner, two members, two roles, and channels of several kinds."""

    def __init__(self, api: ApiUnderTest, place: StoredGuild, people: dict[str, Actor]) -> None:
        self.api = api
        self.place = place
        self.owner, self.member, self.other = people["owner"], people["member"], people["other"]
        self.id = str(place.guild_id)
        self.path = f"/guilds/{self.id}"
        self.channel = str(place.channel_id)
        self.names = {self.id: "guild", self.channel: "channel", **{person.id: name for name, person in people.items()}}

    @classmethod
    async def build(cls, api: ApiUnderTest) -> "Ground":
        seen_ms = int(time.time() * 1000) - _DAYS_AGO_MS
        names = ("owner", "member", "other")
        people = dict(zip(names, await make_people(api, len(names), last_used_ms=seen_ms), strict=True))
        place = await store_guild(api, people["owner"], people["member"], people["other"])
        return cls(api, place, people)

    async def role(self, name: str, **fields: Any) -> str:
        role_id = str(await self.place.add_role(name=name, **fields))
        self.names[role_id] = name
        return role_id

    async def make_channel(self, name: str, kind: ChannelType, **fields: Any) -> str:
        channel_id = str(await self.place.add_channel(type=kind, name=name, **fields))
        self.names[channel_id] = name
        return channel_id

    async def channel_for(self, field: str) -> str:
        """A channel of the type that the field is about."""
        if field in VOCAL:
            return await self.make_channel("voice", ChannelType.VOICE)
        if field in OF_FORUMS:
            return await self.make_channel("forum", ChannelType.FORUM)
        return self.channel

    async def message(self, content: str, author: Actor | None = None) -> str:
        answer = await (author or self.owner).post(self.place.messages, {"content": content})
        message_id: str = answer.json()["id"]
        self.names[message_id] = f"message {content}"
        return message_id

    def request(self, path: str, body: Any = None, **fields: Any) -> Prepared:
        values = {"actor": self.owner, "names": self.names, **fields}
        return Prepared(path=path, body=body, **values)
