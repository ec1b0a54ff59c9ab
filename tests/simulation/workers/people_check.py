"""The check of what sessions were told of people: the presences of members, and a person's own other sessions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.simulation.checks.guild_model import GuildModel
from tests.simulation.clients.ledger import SessionRecord

_OFFLINE: Final = "offline"


class PeopleCheck:
    """The check of the quiet end."""

    def __init__(
        self, *, statuses: Mapping[int, str], live: Sequence[SessionRecord], guilds: Mapping[int, GuildModel]
    ) -> None:
        """`statuses` are what people are shown as, and `live` all sessions that there are."""
        self._statuses = statuses
        self._live = live
        self._guilds = guilds

    def find_violations(self) -> list[str]:
        """Return what is wrong."""
        violations: list[str] = []
        for record in self._live:
            seen = _Seen()
            for dispatch in record.dispatches:
                seen.take(dispatch.event, dispatch.d)
            user = f"user {record.user_id % 10_000:04}"
            for guild_id, guild in self._guilds.items():
                if record.user_id in guild.members:
                    self._compare_presences(record.user_id, guild, seen.presences.get(guild_id, {}), violations)
            mine = sorted(each.session_id for each in self._live if each.user_id == record.user_id)
            if seen.sessions is not None and sorted(seen.sessions) != mine:
                violations.append(f"{user} was told of its sessions {_short(seen.sessions)}, and has {_short(mine)}")
        return violations

    def _compare_presences(
        self, user_id: int, guild: GuildModel, presences: Mapping[int, str], violations: list[str]
    ) -> None:
        """Nobody is told of itself."""
        user = f"user {user_id % 10_000:04}"
        for member in sorted(guild.members.keys() - {user_id}):
            status, shown = self._statuses.get(member, _OFFLINE), presences.get(member, _OFFLINE)
            if status != shown:
                who = f"user {member % 10_000:04}"
                violations.append(f"{user} was told that {who} of guild {guild.id} is {shown}, and not {status}")


class _Seen:
    """What a client knows of people."""

    def __init__(self) -> None:
        self.presences: dict[int, dict[int, str]] = {}
        """Guild → user → status."""
        self.sessions: list[str] | None = None
        """The user's own ones; None for a bot, which is not told of them."""

    def take(self, event: str, d: Any) -> None:
        """Do what a client does with a dispatch."""
        match event:
            case "READY":
                self.presences.clear()
                for guild in d["guilds"]:
                    self._enter(guild)
                if "sessions" in d:
                    self.sessions = [each["session_id"] for each in d["sessions"]]
            case "GUILD_CREATE":
                self._enter(d)
            case "GUILD_DELETE":
                self.presences.pop(int(d["id"]), None)
            case "GUILD_MEMBER_REMOVE":
                self.presences.get(int(d["guild_id"]), {}).pop(int(d["user"]["id"]), None)
            case "PRESENCE_UPDATE" if d.get("guild_id"):
                self.presences.setdefault(int(d["guild_id"]), {})[int(d["user"]["id"])] = d["status"]
            case "SESSIONS_REPLACE":
                self.sessions = [each["session_id"] for each in d]

    def _enter(self, guild: Any) -> None:
        shown = guild.get("presences", [])
        self.presences[int(guild["id"])] = {int(each["user"]["id"]): each["status"] for each in shown}


def _short(session_ids: Sequence[str]) -> list[str]:
    return [each[:6] for each in session_ids]
