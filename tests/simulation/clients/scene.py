"""The scene of a run: who is there, and in which guilds and channels. It is made by requests, before any fault.

The scene also knows what came later (channels, roles, messages), so that people have something to act on. It is no
source of truth for the checker.
"""

from random import Random
from typing import Any, Final

import msgspec

from core.domain.intents import ALL_INTENTS
from tests.simulation.clients.gateway_client import GatewayClient
from tests.simulation.clients.ledger import Ledger
from tests.simulation.clients.person import Person
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.wires import GatewayAddress
from tests.simulation.world.world import World

_VIEW: Final = 1 << 10
_PASSWORD: Final = "correct horse battery"


class SceneGuild(msgspec.Struct, kw_only=True):
    """A guild, as people know it."""

    id: int
    owner: Person
    channels: list[int]
    roles: list[int]
    invite: str
    members: list[Person]


class Scene:
    """People, guilds, and the messages that may be edited."""

    def __init__(
        self,
        *,
        world: World,
        loop: ProcessLoop,
        http: HttpPort,
        gateway: GatewayAddress,
        ledger: Ledger,
        second_share: float = 0.0,
        notices_silence: bool = False,
    ) -> None:
        """`second_share` is the share of people who have two clients. See `GatewayClient` for `notices_silence`."""
        self._world = world
        self._loop = loop
        self._http = http
        self._gateway = gateway
        self._ledger = ledger
        self.chance: Final[Random] = world.chance("scene")
        self.people: list[Person] = []
        self.clients: list[GatewayClient] = []
        """All clients of all people."""
        self._second_share = second_share
        self._notices_silence = notices_silence
        self.guilds: list[SceneGuild] = []
        self.messages: list[tuple[int, int, Person]] = []
        """Channel, message and author of what was acknowledged."""
        self.direct_channels: list[tuple[int, Person]] = []

    async def build(self, *, people: int, guilds: int) -> None:
        """Register people and a bot, and put them into guilds."""
        for number in range(people):
            self.people.append(await self._register(number))
        for number in range(guilds):
            self.guilds.append(await self._make_guild(self.people[number], number))
        await self._add_bot(self.people[0])

    def bring_online(self) -> None:
        """Connect everybody, one after the other."""
        for client in self.clients:
            self._loop.call_later(self.chance.random() * 3, client.come_online)

    def make_person(self, number: int) -> Person:
        """Return somebody without an account."""
        return Person(
            loop=self._loop,
            port=self._http,
            ledger=self._ledger,
            trace=self._world.trace,
            chance=self._world.chance(f"person {number}"),
        )

    async def _register(self, number: int) -> Person:
        person = self.make_person(number)
        name = f"person{number}"
        form = {"username": name, "email": f"{name}@example.org", "password": _PASSWORD, "date_of_birth": "1990-01-01"}
        made = await person.insist("POST", "/auth/register", form)
        self._admit(person, int(made["user_id"]), made["token"], made["token"], intents=None)
        return person

    def _admit(self, person: Person, user_id: int, authorization: str, token: str, *, intents: int | None) -> None:
        person.id, person.token = user_id, authorization
        person.client = self._make_client(user_id, token, intents, f"client {user_id}")
        person.clients.append(person.client)
        if self._second_share and intents is None and self.chance.random() < self._second_share:
            person.clients.append(self._make_client(user_id, token, intents, f"second client {user_id}"))

    def _make_client(self, user_id: int, token: str, intents: int | None, chance: str) -> GatewayClient:
        client = GatewayClient(
            loop=self._loop,
            port=self._gateway,
            ledger=self._ledger,
            trace=self._world.trace,
            chance=self._world.chance(chance),
            user_id=user_id,
            token=token,
            intents=intents,
            notices_silence=self._notices_silence,
        )
        self.clients.append(client)
        return client

    async def _make_guild(self, owner: Person, number: int) -> SceneGuild:
        made = await owner.insist("POST", "/guilds", {"name": f"Guild {number}"})
        guild_id = int(made["id"])
        path = f"/guilds/{guild_id}"
        channels = [int(made["system_channel_id"])]
        role = await owner.insist("POST", f"{path}/roles", {"name": "readers", "permissions": "0"})
        roles = [int(role["id"])]
        open_channel = await owner.insist("POST", f"{path}/channels", {"name": "open", "type": 0})
        hidden = [
            {"id": str(guild_id), "type": 0, "deny": str(_VIEW)},
            {"id": str(roles[0]), "type": 0, "allow": str(_VIEW)},
        ]
        private = await owner.insist(
            "POST", f"{path}/channels", {"name": "private", "type": 0, "permission_overwrites": hidden}
        )
        channels += [int(open_channel["id"]), int(private["id"])]
        invite = await owner.insist("POST", f"/channels/{channels[0]}/invites", {"max_age": 0})
        guild = SceneGuild(
            id=guild_id, owner=owner, channels=channels, roles=roles, invite=invite["code"], members=[owner]
        )
        for person in self.people:
            if person is not owner and self.chance.random() < 0.85:
                await person.insist("POST", f"/invites/{guild.invite}", {})
                guild.members.append(person)
        return guild

    async def _add_bot(self, owner: Person) -> None:
        bot = self.make_person(len(self.people))
        application = await owner.insist("POST", "/applications", {"name": "Echo"})
        made = await owner.insist("POST", f"/applications/{application['id']}/bot", {})
        token: str = made["token"]
        self._admit(bot, int(application["id"]), f"Bot {token}", token, intents=ALL_INTENTS)
        self.people.append(bot)
        for guild in self.guilds:
            if guild.owner is owner:
                await self._let_in(owner, bot, guild)

    async def _let_in(self, owner: Person, bot: Person, guild: SceneGuild) -> None:
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        body: dict[str, Any] = {"guild_id": str(guild.id), "authorize": True}
        await owner.insist("POST", path, body)
        guild.members.append(bot)
