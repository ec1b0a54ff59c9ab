"""Two people on two devices each, who write, edit, delete, react, pin, read and set at once, by a seed.

After each round what the API shows is an end of some order of its steps (`devices/model.py`), and what each device has
made of its events is what the API shows. What is done depends on the seed and on what was shown before, but for races.
"""

import asyncio
import contextlib
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pytest

from tests.e2e.conftest import ON_CLUSTERS
from tests.e2e.features.devices.device import Device
from tests.e2e.features.devices.doings import Doings
from tests.e2e.features.devices.model import Done, Key, Said, Value, find_ends, put, read
from tests.e2e.features.devices.shown import Scene, Shown, fetch_shown
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

SEEDS: Final = int(os.environ.get("DEVICES_SEEDS", "3"))
ROUNDS: Final = 12
AT_ONCE: Final = 12
"""What is done in one round."""
SETTLED_EACH: Final = 4
"""The rounds after which people's own things are compared."""
SOON_S: Final = 60.0
PUBLIC: Final = ("message", "last pin")
"""What everybody sees. All else is somebody's own."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def make_scene(server: Server, alice: Person, bob: Person) -> Scene:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    pinning = {"type": 0, "allow": str(1 << 51), "deny": "0"}
    await alice.call("PUT", f"/channels/{channel_id}/permissions/{guild['id']}", pinning)
    direct = await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id})
    for each in (channel_id, direct["id"]):
        ids = [(await person.send(each, f"{person.name} begins"))["id"] for person in (alice, bob)]
        for person in (alice, bob):  # what they have sent is noted later, and changes nothing then
            await person.call("POST", f"/channels/{each}/messages/{ids[-1]}/ack", {})
    return Scene(server.gateway, alice, bob, guild["id"], (channel_id, direct["id"]))


async def open_device(scene: Scene, person: Person, stack: contextlib.AsyncExitStack) -> Device:
    """Log in once more."""
    login = {"login": f"{person.name}@example.org", "password": "correct horse battery"}
    token = (await person.call("POST", "/auth/login", login))["token"]
    owner = await stack.enter_async_context(Person(person.api, token))
    owner.id, owner.name = person.id, person.name
    session = await stack.enter_async_context(open_gateway(scene.gateway))
    await session.identify(token, intents=None, capabilities=0)
    return Device(owner, session)


def own_part(shown: Shown, person: Person) -> Shown:
    """Return what a person's device shows of all that the API does."""
    return {key: value for key, value in shown.items() if key[0] in PUBLIC or key[1] == person.id}


def find_notices(before: Shown, after: Shown) -> Iterator[Done]:
    """Find what the server has written in somebody's name, as it does of pins that are new: this too was read."""
    for key in after.keys() - before.keys():
        said = after[key]
        if isinstance(said, Said) and not said.content:
            yield Done(key, put(said))
            yield Done(("place", said.author_id, key[1]), read(int(key[2])))


class Play:
    """Rounds of one scene."""

    def __init__(self, scene: Scene, devices: Sequence[Device], shown: Shown) -> None:
        self._scene = scene
        self._devices = devices
        self._ends: dict[Key, set[Value]] = {key: {value} for key, value in shown.items()}
        """The values that each thing may have."""
        self.shown = shown

    async def take(self, done: Sequence[Done], *, is_settled: bool) -> None:
        """Compare what is shown with the model and with the devices, after a round.

        People's own things are compared when they are settled: the places of those who write come half a second late.
        """
        before, faults = self.shown, ["nothing was read"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                while faults:  # events come a little later
                    self.shown = await fetch_shown(self._scene)
                    ends = self._find_ends([*done, *find_notices(before, self.shown)])
                    faults = [*self._find_odd(ends), *self._find_differences(ends)]
                    faults = [fault for key, fault in faults if is_settled or key[0] in PUBLIC]
        assert not faults, "\n".join(faults)
        if is_settled:
            for device in self._devices:
                device.begin(own_part(self.shown, device.person))
        self._ends = {
            key: {self.shown.get(key)} if is_settled or key[0] in PUBLIC else possible for key, possible in ends.items()
        }

    def _find_ends(self, done: Sequence[Done]) -> dict[Key, set[Value]]:
        of_key: dict[Key, list[Done]] = defaultdict(list)
        for each in done:
            of_key[each.key].append(each)
        keys = self._ends.keys() | self.shown.keys() | of_key.keys()
        return {key: find_ends(self._ends.get(key, {None}), of_key[key]) for key in keys if key[0] != "last pin"}

    def _find_odd(self, ends: Mapping[Key, set[Value]]) -> Iterator[tuple[Key, str]]:
        """Find what no order of the steps explains."""
        for key, possible in ends.items():
            if self.shown.get(key) not in possible:
                yield key, f"{key} is {self.shown.get(key)}, and could be {possible}"

    def _find_differences(self, ends: Mapping[Key, set[Value]]) -> Iterator[tuple[Key, str]]:
        """Find what devices show in another way than the API.

        A cluster tells messages and acks by logs that have no common order. So of a message and a mark of its author that
        meet, a device may hear the other one last.
        """
        for number, device in enumerate(self._devices):
            expected, values = own_part(self.shown, device.person), device.values()
            for key in values.keys() | expected.keys():
                meets = ON_CLUSTERS and key[0] == "place" and values.get(key) in ends.get(key, ())
                if values.get(key) != expected.get(key) and not meets:
                    yield key, f"device {number} shows {key} as {values.get(key)}, the API as {expected.get(key)}"


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_devices_and_api_agree_on_what_some_order_of_the_steps_explains(
    server: Server, alice: Person, bob: Person, seed: int
) -> None:
    scene = await make_scene(server, alice, bob)
    rng = random.Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        devices = [await open_device(scene, person, stack) for person in (alice, alice, bob, bob)]
        shown = await fetch_shown(scene)
        for device in devices:
            device.begin(own_part(shown, device.person))
        play, doings = Play(scene, devices, shown), Doings(scene, rng)
        for number in range(1, ROUNDS + 1):
            drawn = doings.draw([device.person for device in devices], play.shown, AT_ONCE)
            answers = await asyncio.gather(*drawn)
            done = [each for part in answers for each in part]
            await play.take(done, is_settled=number % SETTLED_EACH == 0)
