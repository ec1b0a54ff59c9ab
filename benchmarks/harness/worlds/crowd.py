"""A guild of many members, made by `guildway demo --members` before its server starts."""

import subprocess
import sys
from pathlib import Path

import msgspec


class Crowd(msgspec.Struct):
    """The guild, its channels by name, and tokens of members. The owner's token is the first."""

    guild_id: str
    members: int
    channels: dict[str, str]
    tokens: list[str]


def make_crowd(data: Path, members: int, logins: int) -> Crowd:
    """Make a data folder with the guild."""
    command = [sys.executable, "-m", "guildway", "demo", "--members", str(members), "--logins", str(logins)]
    subprocess.run([*command, "--data", str(data)], check=True, stdout=subprocess.DEVNULL)
    (file,) = data.glob("crowd-*.json")
    return msgspec.json.decode(file.read_bytes(), type=Crowd)
