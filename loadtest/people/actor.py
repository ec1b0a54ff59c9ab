"""What one person does: says, reads, reacts, shows a status, uploads, talks, and takes part in storms.

An actor knows its account, its guild and its ways to the server, and nothing of locust. Each act is one request or one
command, and is measured under its name. A request that is refused or not answered is a fault, unless the scenario has
the server killed: then a message is repeated with its nonce until it is stored.
"""

import random
import time
from collections.abc import Callable
from typing import Any, Final

import gevent
import msgspec

from loadtest.measures.stamp import make_stamp
from loadtest.people.caller import Caller
from loadtest.people.listener import Listener, Tally
from loadtest.people.scenarios import Act, Scenario, Storm
from loadtest.wire.gateway_client import LAZY_GUILDS, PRESENCE, GatewayClient
from loadtest.wire.rest_client import NO_ANSWER, Answer, RestClient
from loadtest.world.world import Community, Inhabitant

_WORDS: Final = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "and",
    "wonders",
    "who",
    "wrote",
    "it",
)
_THUMB: Final = "%F0%9F%91%8D"
_RANGE: Final = 100
"""The rows of a range of a member list."""
_LEAVES_BEFORE_S: Final = 1.0
"""The time before a storm of logins at which people leave."""
_RETRY_S: Final = 0.5
_UNAVAILABLE: Final = frozenset({NO_ANSWER, 502, 503})
_PATIENCE_S: Final = 60.0
"""The time for which a message is repeated: longer than any restart."""
_BOUNDARY: Final = "a-boundary-of-a-load-test"


class Part(msgspec.Struct, frozen=True):
    """Who a person is, where, and what there is to do."""

    who: Inhabitant
    session: str
    """What names this session of the person in stamps, which are counted by session."""
    community: Community
    scenario: Scenario
    machine: str
    """`read_machine`'s word for this machine."""


class Actor:
    """One person."""

    __slots__ = (
        "_caller",
        "_client",
        "_community",
        "_listener",
        "_machine",
        "_numbers",
        "_random",
        "_rest",
        "_scenario",
        "_session",
        "_statuses",
        "_tally",
        "_who",
    )

    def __init__(
        self,
        *,
        part: Part,
        rest: RestClient,
        client: GatewayClient,
        listener: Listener,
        caller: Caller | None,
        tally: Tally,
        source: random.Random,
    ) -> None:
        """`caller` is the person in voice, if they have a place there."""
        self._who = part.who
        self._session = part.session
        self._community = part.community
        self._scenario = part.scenario
        self._machine = part.machine
        self._rest = rest
        self._client = client
        self._listener = listener
        self._caller = caller
        self._tally = tally
        self._random = source
        self._numbers = dict.fromkeys(part.community.channel_ids, 0)
        self._statuses = 0

    def enter(self) -> None:
        """Log in, and wait until the session is there."""
        self._client.enter()
        self._client.ready.wait()
        if self._scenario.looks:
            self._look()

    def leave(self) -> None:
        """Log out."""
        self._client.leave()

    def act(self, act: Act) -> None:
        """Do one thing."""
        acts: dict[Act, Callable[[], None]] = {
            Act.SAY: self._say,
            Act.HISTORY: self._read_history,
            Act.TYPE: self._type,
            Act.REACT: self._react,
            Act.READ: self._mark_read,
            Act.STATUS: self._change_status,
            Act.UPLOAD: self._upload,
            Act.LOOK: self._look,
            Act.VOICE: self._talk,
        }
        acts[act]()

    def choose_act(self) -> Act:
        """Choose by the scenario's weights."""
        acts = self._scenario.acts
        return self._random.choices(list(acts), list(acts.values()))[0]

    def choose_pause_s(self) -> float:
        """Choose a time until the next act. People do not wait for each other, so it is exponential."""
        return self._random.expovariate(1 / self._scenario.pause_s)

    def weather(self, storm: Storm) -> None:
        """Take part in storms, at multiples of the interval on the machine's clock, until the greenlet is ended."""
        interval_s = self._scenario.storm_interval_s
        while True:
            wait_s = interval_s - time.monotonic() % interval_s
            if storm is Storm.LOGIN:
                gevent.sleep(max(0.0, wait_s - _LEAVES_BEFORE_S))
                self._client.leave()
                gevent.sleep(interval_s - time.monotonic() % interval_s)
                self._client.enter()
                continue
            gevent.sleep(wait_s)
            if storm is Storm.PRESENCE:
                self._change_status()
            else:
                self._client.drop()

    # ---- the acts

    def _say(self) -> None:
        channel = self._random.choice(self._community.channel_ids)
        content = " ".join(self._random.choices(_WORDS, k=self._random.randint(2, 20)))
        self._send(channel, "send", lambda body: self._post(channel, body), content)

    def _upload(self) -> None:
        channel = self._random.choice(self._community.channel_ids)
        data = self._random.randbytes(self._scenario.upload_bytes)
        self._send(channel, "upload", lambda body: self._post_file(channel, body, data), "a file")

    def _send(self, channel: str, name: str, post: Callable[[dict[str, Any]], Answer], content: str) -> None:
        """Send a message with a stamp. A repeat is not timed, as it would count the server's absence."""
        number = self._numbers[channel]
        author = f"{self._session}-{channel}"
        stamp = make_stamp(self._machine, author, number)
        body = {"content": f"{content} {stamp.encode()}", "nonce": f"{stamp.sent_ns}"}
        answer = post(body)
        if self._scenario.forgives_ends and answer.status in _UNAVAILABLE:
            name, answer = f"{name}, repeated", self._repeat(post, body, content, stamp._replace(sent_ns=0).encode())
        if self._count(name, answer):
            self._numbers[channel] = number + 1

    def _repeat(
        self, post: Callable[[dict[str, Any]], Answer], body: dict[str, Any], content: str, stamp: str
    ) -> Answer:
        deadline = time.monotonic() + _PATIENCE_S
        repeat = {**body, "content": f"{content} {stamp}"}
        while True:
            gevent.sleep(_RETRY_S)
            answer = post(repeat)
            if answer.status not in _UNAVAILABLE or time.monotonic() > deadline:
                return answer

    def _post(self, channel: str, body: dict[str, Any]) -> Answer:
        return self._rest.call("POST", f"/channels/{channel}/messages", body, token=self._who.token)

    def _post_file(self, channel: str, body: dict[str, Any], data: bytes) -> Answer:
        fields = "".join(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in body.items()
        )
        file = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files[0]"; filename="load.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        form = f"{fields}{file}".encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        return self._rest.call("POST", f"/channels/{channel}/messages", form, token=self._who.token, content_type=kind)

    def _read_history(self) -> None:
        channel = self._random.choice(self._community.channel_ids)
        self._request("history", "GET", f"/channels/{channel}/messages?limit=50")

    def _type(self) -> None:
        channel = self._random.choice(self._community.channel_ids)
        self._request("type", "POST", f"/channels/{channel}/typing")

    def _react(self) -> None:
        if (newest := self._choose_newest()) is not None:
            channel, message = newest
            self._request("react", "PUT", f"/channels/{channel}/messages/{message}/reactions/{_THUMB}/@me")

    def _mark_read(self) -> None:
        if (newest := self._choose_newest()) is not None:
            channel, message = newest
            self._request("read", "POST", f"/channels/{channel}/messages/{message}/ack", {})

    def _choose_newest(self) -> tuple[str, str] | None:
        newest = list(self._listener.newest.items())
        return self._random.choice(newest) if newest else None

    def _change_status(self) -> None:
        self._statuses += 1
        state = make_stamp(self._machine, self._session, self._statuses).encode()
        activity = {"name": "Custom Status", "type": 4, "state": state}
        status = self._random.choice(("online", "idle", "dnd"))
        self._client.send(PRESENCE, {"since": None, "activities": [activity], "status": status, "afk": False})

    def _look(self) -> None:
        first = self._random.randrange(10) * _RANGE
        ranges = [[0, _RANGE - 1]] + ([[first, first + _RANGE - 1]] if first else [])
        channel = self._random.choice(self._community.channel_ids)
        subscription = {"guild_id": self._community.id, "typing": True, "activities": True, "threads": True}
        self._client.send(LAZY_GUILDS, {**subscription, "members": [], "channels": {channel: ranges}})

    def _talk(self) -> None:
        if self._caller is not None:
            self._caller.stay(self._scenario.stay_s)

    def _request(self, name: str, method: str, path: str, body: Any = None) -> None:
        answer = self._rest.call(method, path, body, token=self._who.token)
        if self._scenario.forgives_ends and answer.status in _UNAVAILABLE:
            return
        self._count(name, answer)

    def _count(self, name: str, answer: Answer) -> bool:
        if answer.is_good:
            self._tally.measure(name, answer.took_ms, len(answer.body))
        else:
            self._tally.fail(name, answer.describe())
        return answer.is_good
