"""The tour of a stock library's bot, kept as text with names in the place of values that differ each time.

A file of `tests/golden/clients` has the HTTP requests of one library, as lines, each with the status of its answer, and
the commands of its gateway connections. A name in angle brackets stands for a value: `<guild>` and the like belong to
the scene, `<4.id>` is the `id` in the answer to request 4, `<length>` a body's size, `<soon>` a time ten minutes ahead,
`<session>` and `<seq>` are the gateway session's.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.e2e.clients.tour import TourGuild

FOLDER = Path(__file__).parents[2] / "golden/clients"
_NAME = re.compile(r"<([a-z0-9_]+(?:\.[a-z]+)?)>")
_SNOWFLAKE = re.compile(r'(?<![0-9])(?<!"nonce":")(?<!"nonce":"-)(?!9223372036854775807)[0-9]{17,20}(?![0-9])')
"""An id, but not a nonce, and not the number that stands for the end of a list."""
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")
_SEQ = re.compile(r'("seq":|"op":1,"d":|(?<="d":)(?=\d+,"op":1\b))\d+')


class Exchange(msgspec.Struct, kw_only=True):
    """A request's lines, the last of which is its body, and the status of its answer."""

    request: list[str]
    status: int


class Connection(msgspec.Struct, kw_only=True):
    """A gateway connection: its query and its text messages."""

    query: str
    commands: list[str]


class Recording(msgspec.Struct, kw_only=True):
    """The tour of one library."""

    library: str
    exchanges: list[Exchange] = msgspec.field(default_factory=list)
    connections: list[Connection] = msgspec.field(default_factory=list)

    @classmethod
    def load(cls, name: str) -> "Recording":
        """Load the recording of a library."""
        return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=cls)

    def save(self, name: str) -> None:
        """Write the file, one value a line."""
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


async def name_scene(scene: TourGuild) -> dict[str, str]:
    """Return the scene's values by their names."""
    guild_id = scene.guild["id"]
    values = {"token": scene.bot["token"], "bot": scene.bot["id"], "guild": guild_id}
    values |= {"alice": scene.alice.id, "bob": scene.bob.id}
    for number, channel in enumerate(await scene.alice.call("GET", f"/guilds/{guild_id}/channels")):
        values[f"channel{number}"] = channel["id"]
    for number, role in enumerate(await scene.alice.call("GET", f"/guilds/{guild_id}/roles")):
        if role["id"] != guild_id:
            values[f"role{number}"] = role["id"]
    return values


def name_answer(number: int, answer: Any) -> dict[str, str]:
    """Return the values of an answer that later requests may name."""
    if not isinstance(answer, dict):
        return {}
    return {f"{number}.{key}": answer[key] for key in ("id", "code") if isinstance(answer.get(key), str)}


def put_names(text: str, values: Mapping[str, str]) -> str:
    """Replace values by names.

    Raises:
        ValueError: when an id has no name, so that the recording could not be sent again.
    """
    for name, value in values.items():
        text = text.replace(value, f"<{name}>")
    text = _SEQ.sub(r"\1<seq>", _TIME.sub("<soon>", text))
    if unknown := _SNOWFLAKE.search(text):
        raise ValueError(f"{unknown[0]} has no name in {text}")
    return text


def put_values(text: str, values: Mapping[str, str]) -> str:
    """Replace names by values."""
    return _NAME.sub(lambda found: values[found[1]], text)


def render_request(exchange: Exchange, values: Mapping[str, str]) -> bytes:
    """Return the bytes to send."""
    body = put_values(exchange.request[-1], values).encode()
    head = [put_values(line, {**values, "length": str(len(body))}) for line in exchange.request[:-1]]
    return "\r\n".join([*head, ""]).encode() + body
