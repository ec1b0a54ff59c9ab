"""The making of a world over REST: accounts register, guilds are made, people join them by invites.

Limits of the server are waited out as it asks, and the builder says so: a server that allows few registrations a
minute takes a while. A file keeps the world, so that the next run of the same shape begins at once.
"""

import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent
import msgspec
from gevent.pool import Pool

from loadtest.wire.rest_client import Answer, RestClient
from loadtest.world.world import Community, Inhabitant, Shape, World

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8
"""Registrations and joins at a time. A server hashes two passwords at a time."""
_TOO_MANY: Final = 429
_ASKED_GATEWAYS: Final = 32
"""How often the gateway's address is asked for, four times the workers of a large cluster."""
_TEXT, _VOICE = 0, 2
"""Types of channels."""
_TELL_EVERY_S: Final = 5.0


class WorldError(Exception):
    """The server did not do as asked. The text is for the person at the terminal."""


class WorldBuilder:
    """The maker of one world."""

    __slots__ = ("_api", "_done", "_rest", "_run", "_told_s")

    def __init__(self, *, api: str, rest: RestClient) -> None:
        self._api = api
        self._rest = rest
        self._run = secrets.token_hex(4)
        self._done = 0
        self._told_s = 0.0

    def build(self, *, people: int, shape: Shape) -> World:
        """Make so many people, in guilds of the shape. Raises WorldError."""
        gateways = self.find_gateways()
        size = shape.guild_size or people
        tokens = self._each("registered", people, range(people), self._register)
        owners = tokens[::size]
        made = self._each(
            "guilds made", len(owners), list(enumerate(owners)), lambda each: self._found(each[0], each[1], shape)
        )
        joiners = [(token, made[number // size][1]) for number, (_, token) in enumerate(tokens) if number % size]
        self._each("joined", len(joiners), joiners, lambda each: self._join(each[0], each[1]))
        inhabitants = [
            Inhabitant(id=user_id, token=token, guild=number // size, place=number % size)
            for number, (user_id, token) in enumerate(tokens)
        ]
        guilds = [community for community, _ in made]
        return World(self._api, gateways, shape, inhabitants, guilds)

    def find_gateways(self) -> list[str]:
        """Ask for the gateway's addresses, of which a cluster tells one after the other. Raises WorldError."""
        return sorted({str(self._ask("GET", "/gateway")["url"]) for _ in range(_ASKED_GATEWAYS)})

    def _each(self, what: str, count: int, items: Any, make: Callable[[Any], Any]) -> list[Any]:
        self._done = 0
        faults: list[WorldError] = []

        def make_one(item: Any) -> Any:
            if faults:
                return None
            try:
                made = make(item)
            except WorldError as error:
                faults.append(error)  # A greenlet that raises would print a traceback of its own.
                return None
            self._done += 1
            if time.monotonic() - self._told_s > _TELL_EVERY_S:
                self._told_s = time.monotonic()
                logger.info("%s: %d of %d", what, self._done, count)
            return made

        made = list(Pool(_AT_ONCE).map(make_one, items))
        if faults:
            raise faults[0]
        return made

    def _register(self, number: int) -> tuple[str, str]:
        name = f"load{self._run}{number}"
        body = {
            "username": name,
            "email": f"{name}@example.org",
            "password": secrets.token_urlsafe(12),
            "date_of_birth": "1990-12-10",
            "consent": True,
        }
        token = self._ask("POST", "/auth/register", body)["token"]
        return self._ask("GET", "/users/@me", token=token)["id"], token

    def _found(self, number: int, owner: tuple[str, str], shape: Shape) -> tuple[Community, str]:
        token = owner[1]
        guild = self._ask("POST", "/guilds", {"name": f"Load test {self._run} {number}"}, token=token)["id"]
        ids, rooms = (
            [
                self._ask("POST", f"/guilds/{guild}/channels", {"name": f"{name}-{each}", "type": kind}, token=token)[
                    "id"
                ]
                for each in range(count)
            ]
            for name, kind, count in (("room", _TEXT, shape.channels), ("voice", _VOICE, shape.rooms))
        )
        invite = self._ask("POST", f"/channels/{ids[0]}/invites", {"max_age": 0}, token=token)["code"]
        return Community(guild, ids, rooms), invite

    def _join(self, token: str, invite: str) -> None:
        self._ask("POST", f"/invites/{invite}", {}, token=token)

    def _ask(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        while (answer := self._rest.call(method, path, body, token=token)).status == _TOO_MANY:
            self._wait_out(answer)
        if not answer.is_good:
            raise WorldError(f"{method} {path}: {answer.describe()}")
        try:
            return answer.read()
        except msgspec.DecodeError as error:
            raise WorldError(f"{method} {path}: the answer is no JSON ({answer.describe()})") from error

    def _wait_out(self, answer: Answer) -> None:
        wait_s = answer.retry_after_s
        if time.monotonic() - self._told_s > _TELL_EVERY_S:
            self._told_s = time.monotonic()
            logger.info(
                "The server's limits let us wait %.0f s; limits.loopback_registrations_per_minute and "
                "limits.registrations_per_minute say how many accounts may register.",
                wait_s,
            )
        gevent.sleep(wait_s)

    def find_kept(self, file: Path, *, people: int, shape: Shape) -> World | None:
        """Return the world of a file if it fits and its people are still let in."""
        kept = _read_world(file)
        if kept is None or not kept.fits(api=self._api, people=people, shape=shape):
            return None
        if not self._rest.call("GET", "/users/@me", token=kept.people[people - 1].token).is_good:
            return None
        logger.info("The people of %s are used again.", file)
        return msgspec.structs.replace(kept, gateways=self.find_gateways())


def open_world(file: Path, builder: WorldBuilder, *, people: int, shape: Shape) -> World:
    """Return the world of the file if it can be used, else make one and keep it. Raises WorldError."""
    kept = builder.find_kept(file, people=people, shape=shape)
    if kept is not None:
        return kept
    world = builder.build(people=people, shape=shape)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)  # Tokens are as good as passwords.
    file.write_bytes(msgspec.json.encode(world))
    return world


def _read_world(file: Path) -> World | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=World)
    except (OSError, msgspec.MsgspecError):
        return None
