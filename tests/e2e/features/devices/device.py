"""A person's client: what it has read when it was opened, and what events have made of that since.

It follows the rules of people's clients: a message of one's own marks its channel as read, and an ack moves the place
back only if it is manual. Messages are keyed by their ids, and a change of a message that is not there is a fault.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.e2e.features.devices.model import Key, Said, Value
from tests.e2e.features.devices.shown import SETTINGS, Shown, say
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.person import Person


class Device:
    """One of a person's clients, with a login of its own."""

    def __init__(self, person: Person, session: GatewayClient) -> None:
        self.person = person
        self._session = session
        self._values: dict[Key, Value] = {}
        self._taken = 0
        self._handlers: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "MESSAGE_CREATE": self._on_create,
            "MESSAGE_UPDATE": self._on_update,
            "MESSAGE_DELETE": self._on_delete,
            "MESSAGE_REACTION_ADD": self._on_reaction_add,
            "MESSAGE_REACTION_REMOVE": self._on_reaction_remove,
            "MESSAGE_REACTION_REMOVE_ALL": self._on_reactions_removed,
            "MESSAGE_REACTION_REMOVE_EMOJI": self._on_reactions_removed,
            "MESSAGE_ACK": self._on_ack,
            "CHANNEL_PINS_UPDATE": self._on_pins,
            "USER_SETTINGS_UPDATE": self._on_settings,
            "USER_NOTE_UPDATE": self._on_note,
            "USER_GUILD_SETTINGS_UPDATE": self._on_guild_settings,
        }

    def begin(self, shown: Shown) -> None:
        """Show what the API has told now that nothing is going on, with all events up to here."""
        self._values = dict(shown)
        self._taken = len(self._session.dispatches)

    def values(self) -> Shown:
        """Take the events that have come, and return what the device shows now."""
        for payload in self._session.dispatches[self._taken :]:
            handle = self._handlers.get(payload["t"])
            if handle is not None:
                handle(payload["d"])
            self._taken += 1
        return dict(self._values)

    def _on_create(self, d: dict[str, Any]) -> None:
        self._values["message", d["channel_id"], d["id"]] = say(d)
        if d["author"]["id"] == self.person.id:
            place = ("place", self.person.id, d["channel_id"])
            self._values[place] = max(int(d["id"]), self._place(place))

    def _on_update(self, d: dict[str, Any]) -> None:
        self._change(d, d["id"], lambda said: msgspec.structs.replace(say(d), reactions=said.reactions))

    def _on_delete(self, d: dict[str, Any]) -> None:
        self._change(d, d["id"], lambda _: None)

    def _on_reaction_add(self, d: dict[str, Any]) -> None:
        one = {(d["emoji"]["name"], d["user_id"])}
        self._change(d, d["message_id"], lambda said: _with(said, said.reactions | one))

    def _on_reaction_remove(self, d: dict[str, Any]) -> None:
        one = {(d["emoji"]["name"], d["user_id"])}
        self._change(d, d["message_id"], lambda said: _with(said, said.reactions - one))

    def _on_reactions_removed(self, d: dict[str, Any]) -> None:
        gone = d["emoji"]["name"] if "emoji" in d else None
        self._change(
            d,
            d["message_id"],
            lambda said: _with(said, frozenset(each for each in said.reactions if gone not in (None, each[0]))),
        )

    def _on_ack(self, d: dict[str, Any]) -> None:
        place = ("place", self.person.id, d["channel_id"])
        if d.get("manual") or int(d["message_id"]) > self._place(place):
            self._values[place] = int(d["message_id"])

    def _on_pins(self, d: dict[str, Any]) -> None:
        self._values["last pin", d["channel_id"]] = d["last_pin_timestamp"]

    def _on_settings(self, d: dict[str, Any]) -> None:
        self._values.update({("setting", self.person.id, name): d[name] for name in SETTINGS if name in d})

    def _on_note(self, d: dict[str, Any]) -> None:
        self._values["note", self.person.id, d["id"]] = d["note"]

    def _on_guild_settings(self, d: dict[str, Any]) -> None:
        self._values["muted", self.person.id, d["guild_id"]] = d["muted"]

    def _place(self, key: Key) -> int:
        value = self._values.get(key)
        return value if isinstance(value, int) else 0

    def _change(self, d: dict[str, Any], message_id: str, change: Callable[[Said], Said | None]) -> None:
        key = ("message", d["channel_id"], message_id)
        said = self._values.get(key)
        assert isinstance(said, Said), f"a change of a message that is not there: {d}"
        self._values[key] = change(said)


def _with(said: Said, reactions: frozenset[tuple[str, str]]) -> Said:
    return msgspec.structs.replace(said, reactions=reactions)
