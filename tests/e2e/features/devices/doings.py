"""What people do at once on their devices: requests by a seed, and the steps of the model that they stand for."""

import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from tests.e2e.features.devices import model
from tests.e2e.features.devices.model import Done, Key, Said, Step
from tests.e2e.features.devices.shown import Scene, Shown
from tests.support.person import Person

EMOJIS: Final = ("🔥", "👍")
NEWEST: Final = 4
"""The messages of a channel that people still care for: few, so that they meet."""
_WAYS: Final[Mapping[str, int]] = {
    "send": 3,
    "edit": 4,
    "delete": 1,
    "react": 8,
    "clear": 1,
    "pin": 4,
    "ack": 4,
    "mark_unread": 2,
    "set": 3,
}
"""What is done, and how often in thirty times."""

Doing = Coroutine[Any, Any, Sequence[Done]]


class Doings:
    """Draws what is done next."""

    def __init__(self, scene: Scene, rng: random.Random) -> None:
        self._scene = scene
        self._rng = rng
        self._number = 0
        self._writers: set[tuple[str, str]] = set()
        """Who writes where in this round. Marking that channel as unread meanwhile would have no one end."""
        self._markers: set[tuple[str, str]] = set()
        self._ways: Mapping[str, Callable[[Person, str, Sequence[Key], Shown], Doing | None]] = {
            "send": self._send,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "clear": self._clear,
            "pin": self._pin,
            "ack": self._ack,
            "mark_unread": self._mark_unread,
            "set": self._set,
        }

    def draw(self, devices: Sequence[Person], shown: Shown, count: int) -> list[Doing]:
        """Draw what people do in a round that begins with what is shown; nothing is done yet."""
        self._writers, self._markers = set(), set()
        drawn: list[Doing] = []
        while len(drawn) < count:
            (way,) = self._rng.choices([*_WAYS], [*_WAYS.values()])
            channel_id = self._rng.choice(self._scene.channel_ids)
            keys = [key for key in shown if key[:2] == ("message", channel_id) and _is_written(shown, key)]
            newest = sorted(keys, key=lambda key: int(key[2]))[-NEWEST:]
            doing = self._ways[way](self._rng.choice(devices), channel_id, newest, shown)
            if doing is not None:
                drawn.append(doing)
        return drawn

    # ---- ways

    def _send(self, person: Person, channel_id: str, _: Sequence[Key], __: Shown) -> Doing | None:
        if (person.id, channel_id) in self._markers:
            return None
        self._writers.add((person.id, channel_id))
        content = self._next_text()

        async def send() -> Sequence[Done]:
            made = await person.send(channel_id, content)
            return [
                Done(("message", channel_id, made["id"]), model.put(Said(person.id, content))),
                Done(("place", person.id, channel_id), model.read(int(made["id"]))),
            ]

        return send()

    def _edit(self, person: Person, _: str, keys: Sequence[Key], shown: Shown) -> Doing | None:
        own = [key for key in keys if _is_by(person, shown, key)]
        if not own:
            return None
        content = self._next_text()
        return self._of_message(person, "PATCH", "", self._rng.choice(own), model.edit(content), {"content": content})

    def _delete(self, person: Person, _: str, keys: Sequence[Key], shown: Shown) -> Doing | None:
        own = [key for key in keys if _is_by(person, shown, key)]
        return self._of_message(person, "DELETE", "", self._rng.choice(own), model.delete()) if own else None

    def _react(self, person: Person, _: str, keys: Sequence[Key], __: Shown) -> Doing | None:
        if not keys:
            return None
        emoji, is_there = self._rng.choice(EMOJIS), self._rng.random() < 0.6
        method = "PUT" if is_there else "DELETE"
        step = model.react(emoji, person.id, is_there)
        return self._of_message(person, method, f"/reactions/{quote(emoji)}/@me", self._rng.choice(keys), step)

    def _clear(self, _: Person, channel_id: str, keys: Sequence[Key], __: Shown) -> Doing | None:
        if not keys or channel_id != self._scene.channel_ids[0]:
            return None
        emoji = self._rng.choice([None, *EMOJIS])
        rest = "/reactions" if emoji is None else f"/reactions/{quote(emoji)}"
        return self._of_message(self._scene.alice, "DELETE", rest, self._rng.choice(keys), model.clear(emoji))

    def _pin(self, person: Person, channel_id: str, keys: Sequence[Key], __: Shown) -> Doing | None:
        if not keys:
            return None
        key, is_pinned = self._rng.choice(keys), self._rng.random() < 0.6
        path = f"/channels/{channel_id}/messages/pins/{key[2]}"
        return self._request(person, "PUT" if is_pinned else "DELETE", path, key, model.pin(is_pinned))

    def _ack(self, person: Person, channel_id: str, keys: Sequence[Key], _: Shown) -> Doing | None:
        if not keys or (person.id, channel_id) in self._markers:
            return None
        self._writers.add((person.id, channel_id))
        return self._move(person, self._rng.choice(keys), {})

    def _mark_unread(self, person: Person, channel_id: str, keys: Sequence[Key], _: Shown) -> Doing | None:
        if not keys or (person.id, channel_id) in self._writers:
            return None
        self._markers.add((person.id, channel_id))
        return self._move(person, self._rng.choice(keys), {"manual": True, "mention_count": self._rng.randrange(3)})

    def _set(self, person: Person, _: str, __: Sequence[Key], ___: Shown) -> Doing | None:
        scene = self._scene
        other = scene.bob if person.id == scene.alice.id else scene.alice
        flag, text = self._rng.random() < 0.5, self._next_text()
        theme = self._rng.choice(("dark", "light"))
        muting = f"/users/@me/guilds/{scene.guild_id}/settings"
        requests: list[tuple[str, str, Any, Key, model.Value]] = [
            ("PATCH", "/users/@me/settings", {"theme": theme}, ("setting", person.id, "theme"), theme),
            ("PATCH", "/users/@me/settings", {"developer_mode": flag}, ("setting", person.id, "developer_mode"), flag),
            ("PATCH", muting, {"muted": flag}, ("muted", person.id, scene.guild_id), flag),
            ("PUT", f"/users/@me/notes/{other.id}", {"note": text}, ("note", person.id, other.id), text),
        ]
        method, path, body, key, value = self._rng.choice(requests)
        return self._request(person, method, path, key, model.put(value), body)

    # ---- requests

    def _of_message(self, person: Person, method: str, rest: str, key: Key, step: Step, body: Any = None) -> Doing:
        return self._request(person, method, f"/channels/{key[1]}/messages/{key[2]}{rest}", key, step, body)

    async def _request(
        self, person: Person, method: str, path: str, key: Key, step: Step, body: Any = None
    ) -> Sequence[Done]:
        answer = await person.request(method, path, body)
        assert answer.is_success or answer.status_code == 404, f"{method} {path}: {answer.status_code} {answer.text}"
        return [Done(key, step, is_refused=not answer.is_success)]

    async def _move(self, person: Person, key: Key, fields: dict[str, Any]) -> Sequence[Done]:
        _, channel_id, message_id = key
        await person.call("POST", f"/channels/{channel_id}/messages/{message_id}/ack", fields)
        step = model.put(int(message_id)) if fields else model.read(int(message_id))
        return [Done(("place", person.id, channel_id), step)]

    def _next_text(self) -> str:
        self._number += 1
        return str(self._number)


def _is_by(person: Person, shown: Shown, key: Key) -> bool:
    said = shown[key]
    return isinstance(said, Said) and said.author_id == person.id


def _is_written(shown: Shown, key: Key) -> bool:
    """Tell whether people wrote the message, and not the server, about joins and pins."""
    said = shown[key]
    return isinstance(said, Said) and bool(said.content)
