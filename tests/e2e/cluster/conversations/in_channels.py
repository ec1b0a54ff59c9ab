"""What people do in a channel, beside writing: they react, pin, and read on."""

import itertools
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from tests.e2e.cluster.conversations.doer import Everywhere
from tests.support.gateway.gateway_client import open_gateway

_EMOJIS: Final = ("🔥", "👍", "🦆")


class Reacting:
    """Somebody who reacts to messages and takes it back."""

    def __init__(self, person: Everywhere, channel_id: str, message_ids: Sequence[str]) -> None:
        self._person = person
        self._messages = f"/channels/{channel_id}/messages"
        self._things = itertools.cycle(itertools.product(message_ids, _EMOJIS))
        self._states: dict[tuple[str, str], bool | None] = {}

    async def do(self) -> bool:
        """React to the next message, or take it back. See `Doer`."""
        thing = message_id, emoji = next(self._things)
        wanted = not self._states.get(thing, False)
        self._states[thing] = None
        path = f"{self._messages}/{message_id}/reactions/{quote(emoji)}/@me"
        answer = await self._person.try_once("PUT" if wanted else "DELETE", path)
        if answer is None:
            return False
        assert answer.status_code == 204, answer.text
        self._states[thing] = wanted
        return True

    async def check(self) -> list[str]:
        """See `Doer`."""
        return [fault for at in range(len(self._person.at)) for fault in await self._check_at(at)]

    async def _check_at(self, number: int) -> list[str]:
        person, faults = self._person.at[number], []
        shown = {each["id"]: each.get("reactions", []) for each in await person.history(self._messages.split("/")[2])}
        for (message_id, emoji), state in self._states.items():
            users = await person.call("GET", f"{self._messages}/{message_id}/reactions/{quote(emoji)}?limit=100")
            has_reacted = self._person.id in {user["id"] for user in users}
            counted = [(each["count"], each["me"]) for each in shown[message_id] if each["emoji"]["name"] == emoji]
            if state not in (None, has_reacted):
                faults.append(f"reaction {message_id} {emoji}: {state} was answered")
            if counted != ([(len(users), has_reacted)] if users else []):
                faults.append(f"reaction {message_id} {emoji}: {counted} is shown of {len(users)}")
        return faults


class Pinning:
    """Somebody who pins messages and unpins them. Nobody else does in this channel."""

    def __init__(self, person: Everywhere, channel_id: str, message_ids: Sequence[str]) -> None:
        self._person = person
        self._messages = f"/channels/{channel_id}/messages"
        self._things = itertools.cycle(message_ids)
        self._states: dict[str, bool | None] = {}

    async def do(self) -> bool:
        """Pin the next message, or unpin it. See `Doer`."""
        message_id = next(self._things)
        wanted = not self._states.get(message_id, False)
        self._states[message_id] = None
        answer = await self._person.try_once("PUT" if wanted else "DELETE", f"{self._messages}/pins/{message_id}")
        if answer is None:
            return False
        assert answer.status_code == 204, answer.text
        self._states[message_id] = wanted
        return True

    async def check(self) -> list[str]:
        """See `Doer`. What a request has left half done, the next one about the message makes whole."""
        for message_id, state in self._states.items():
            if state is None:
                await self._person.insist("DELETE", f"{self._messages}/pins/{message_id}")
                self._states[message_id] = False
        faults = []
        for person in self._person.at:
            items = (await person.call("GET", f"{self._messages}/pins?limit=50"))["items"]
            pinned = {item["message"]["id"] for item in items}
            for message_id, state in self._states.items():
                message = await person.call("GET", f"{self._messages}/{message_id}")
                if not (message_id in pinned) == message["pinned"] == state:
                    faults.append(f"pin {message_id}: {state} was answered, {message['pinned']} is shown")
        return faults


class Reading:
    """Somebody who reads a channel, message by message."""

    def __init__(self, person: Everywhere, gateway: str, channel_id: str, message_ids: Sequence[str]) -> None:
        self._person = person
        self._gateway = gateway
        self._channel_id = channel_id
        self._left = iter(message_ids)
        self._last_id = message_ids[-1]
        self._answered = 0

    async def do(self) -> bool:
        """Ack the next message; all of them are more than anybody reads in time. See `Doer`."""
        message_id = next(self._left, self._last_id)
        path = f"/channels/{self._channel_id}/messages/{message_id}/ack"
        answer = await self._person.try_once("POST", path, {})
        if answer is None:
            return False
        assert answer.status_code == 200, answer.text
        self._answered = int(message_id)
        return True

    async def check(self) -> list[str]:
        """See `Doer`. A login is told the place."""
        async with open_gateway(self._gateway) as session:
            ready = await session.identify(self._person.token, intents=None)
        places = {each["id"]: int(each["last_message_id"]) for each in ready["read_state"]}
        place = places.get(self._channel_id, 0)
        return [] if place >= self._answered else [f"ack {self._answered} was answered, the place is {place}"]
