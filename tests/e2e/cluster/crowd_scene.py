"""The scene of the bars: a guild whose people chat in three channels and cannot all see a fourth."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import aiohttp
import httpx
import msgspec

from tests.e2e.cluster.crowd import Listener, Sender
from tests.e2e.cluster.records import History, find_broken_listening, find_broken_stores
from tests.support.clusters.cluster import Cluster
from tests.support.person import Person, text_channel

CHANNELS: Final = 3
SENDERS: Final = 12
"""The people who also send: about forty messages a second together, which each listener gets."""
PAUSE_S: Final = 0.3
_JOIN_AT_ONCE: Final = 8
_STUCK_S: Final = 200.0
"""The time after which what a chat waits for is taken to never come. It is told before the test's own time is up."""
_VIEW: Final = str(1 << 10)
_numbers = itertools.count(1)


class Scene(msgspec.Struct):
    """The people of a guild, with what each may see."""

    owner: Person
    channels: list[str]
    hidden: str
    tokens: list[str]


async def make_scene(cluster: Cluster, people: int) -> Scene:
    """Make a guild with so many members besides the owner. The hidden channel is the owner's alone."""
    owner = await Person.register(cluster.server.api)
    guild = await owner.make_guild()
    channels = [text_channel(guild)]
    for number in range(1, CHANNELS):
        made = await owner.call("POST", f"/guilds/{guild['id']}/channels", {"name": f"c{number}", "type": 0})
        channels.append(made["id"])
    deny = {"id": guild["id"], "type": 0, "allow": "0", "deny": _VIEW}
    hidden = await owner.call(
        "POST", f"/guilds/{guild['id']}/channels", {"name": "hidden", "type": 0, "permission_overwrites": [deny]}
    )
    code = (await owner.call("POST", f"/channels/{channels[0]}/invites", {"max_age": 0}))["code"]
    at_once = asyncio.Semaphore(_JOIN_AT_ONCE)

    async def join() -> str:
        async with at_once, await Person.register(cluster.server.api) as person:
            await person.call("POST", f"/invites/{code}")
            return person.token

    tokens = await asyncio.gather(*(join() for _ in range(people)))
    return Scene(owner, channels, hidden["id"], tokens)


class Chat:
    """The chat of a scene that is under way."""

    def __init__(
        self,
        scene: Scene,
        senders: Sequence[Sender],
        listeners: Sequence[Listener],
        sending: Sequence[asyncio.Task[None]],
        news: asyncio.Event,
        make_sender: Callable[[int, str], Sender],
        describe_cluster: Callable[[], str],
    ) -> None:
        """`sending` are the tasks of those who send; `news` is set by each answer to one of them.

        `make_sender` makes the sender of a number, to a channel. `describe_cluster` says how the cluster is.
        """
        self._describe_cluster = describe_cluster
        self._sending = sending
        self._news = news
        self._make_sender = make_sender
        self.scene = scene
        self.senders = senders
        self.listeners = listeners

    @property
    def answered(self) -> int:
        """The number of messages that were answered."""
        return sum(len(sender.answered) for sender in self.senders)

    async def go_on(self, messages: int) -> None:
        """Wait until so many more messages have been answered."""
        goal = self.answered + messages
        async with self._expecting(f"{messages} more answers"):
            while self.answered < goal:
                self._news.clear()
                await self._news.wait()

    async def meet(self, people: int, messages: int) -> list[Sender]:
        """Let many people send so many messages each to one channel at once, and return the senders."""
        channel_id = self.scene.channels[0]
        crowd = [self._make_sender(number, channel_id) for number in range(people)]
        self.senders = [*self.senders, *crowd]

        async def send(sender: Sender) -> None:
            for _ in range(messages):
                await sender.send()

        async with self._expecting(f"{people * messages} answers in one channel"):
            await asyncio.gather(*map(send, crowd))
        return crowd

    @contextlib.asynccontextmanager
    async def _expecting(self, what: str) -> AsyncIterator[None]:
        """Bound the waiting for something, and say how everybody is when it does not come."""
        try:
            async with asyncio.timeout(_STUCK_S):
                yield
        except TimeoutError:
            senders = {number: Counter(sender.statuses[-20:]) for number, sender in enumerate(self.senders)}
            newest = {number: listener.describe() for number, listener in enumerate(self.listeners)}
            raise AssertionError(
                f"waited for {what}; refusals {senders}; listeners {newest}; {self._describe_cluster()}"
            ) from None

    def check_undisturbed(self) -> None:
        """Check that no session had to be resumed, and none had to begin anew."""
        disturbed = [n for n, listener in enumerate(self.listeners) if (listener.resumes, listener.life) != (0, 1)]
        assert not disturbed, f"sessions did not simply go on: {disturbed}"

    async def check(self) -> None:
        """Send a last message to each channel, wait until everybody has seen it, and check all records.

        The chat has ended then: a message that is answered meanwhile could not be in the history that was read before.
        """
        for task in self._sending:
            task.cancel()
        async with self._expecting("the end of the sending"):
            await asyncio.wait(self._sending)
        async with self._expecting("the answer to a last message in each channel"):
            last = [await sender.send() for sender in self.senders[: len(self.scene.channels)]]
        async with self._expecting(f"everybody to see {last}"):
            for listener in self.listeners:
                for channel_id, message_id in zip(self.scene.channels, last, strict=True):
                    await listener.wait_for(channel_id, int(message_id))
        async with self._expecting("the history"):
            history: History = {
                channel_id: [
                    (int(message["id"]), message["content"])
                    for message in await self.scene.owner.history(channel_id)
                    if message["type"] == 0
                ]
                for channel_id in (*self.scene.channels, self.scene.hidden)
            }
        faults = find_broken_stores(self.senders, history)
        for number, listener in enumerate(self.listeners):
            found = find_broken_listening(listener, history, self.scene.channels)
            faults += [f"listener {number}: {fault}" for fault in found]
        assert not faults, f"{len(faults)} faults: " + "; ".join(faults[:20])


@contextlib.asynccontextmanager
async def chatting(cluster: Cluster, scene: Scene, *, gateway: str = "") -> AsyncIterator[Chat]:
    """Let everybody in the scene listen, and some chat, until the context ends.

    They listen at `gateway`, by default at each worker in turn.
    """
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http, asyncio.TaskGroup() as tasks:
        apis = cluster.apis()
        gateways = itertools.cycle([gateway] if gateway else cluster.gateways())
        listeners = [Listener(http=http, gateway=next(gateways), token=token) for token in scene.tokens]
        running = [tasks.create_task(listener.run()) for listener in listeners]
        for listener in listeners:
            await listener.ready.wait()
        news = asyncio.Event()
        tokens = [scene.owner.token, *scene.tokens]

        def make_sender(number: int, channel_id: str) -> Sender:
            token = tokens[number % len(tokens)]
            by_turns = apis[number % len(apis) :] + apis
            return Sender(http=http, apis=by_turns, token=token, channel_id=channel_id, on_answer=news.set)

        senders = [make_sender(number, scene.channels[number % CHANNELS]) for number in range(SENDERS)]
        sending = [tasks.create_task(sender.run(PAUSE_S)) for sender in senders]
        sending.append(tasks.create_task(_whisper(scene)))
        yield Chat(scene, senders, listeners, sending, news, make_sender, cluster.describe)
        for task in (*running, *sending):
            task.cancel()


async def _whisper(scene: Scene) -> None:
    """The owner sends to the hidden channel, which the listeners cannot see. Failures are others' to report."""
    while True:
        with contextlib.suppress(AssertionError, httpx.HTTPError):
            await scene.owner.send(scene.hidden, f"hidden {next(_numbers)}")
        await asyncio.sleep(PAUSE_S)
