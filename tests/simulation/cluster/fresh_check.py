"""The check of reads: an answer is as new as everything that was acknowledged to anybody when the request began.

For a read of a guild's roles or channels the answers that are right are those of the moments from the newest change of
the guild that was acknowledged before the request began, to the newest one when the answer came. The API that answers
is hardly ever the one that has made the change.
"""

from typing import Any, Final

from tests.simulation.checks.database_reading import LogEntry
from tests.simulation.checks.guild_model import GuildModel
from tests.simulation.clients.ledger import Deed, Ledger
from tests.simulation.world.server import EPOCH_MS

_WRITES: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})


class _Shown:
    """What a guild would show at one moment."""

    def __init__(self, at_ms: int, guild: GuildModel) -> None:
        self.at_ms = at_ms
        self.roles = dict(guild.roles)
        self.names = {channel_id: channel.name for channel_id, channel in guild.channels.items()}


def check_fresh_reads(
    ledger: Ledger, baseline: dict[int, GuildModel], commits: list[LogEntry], violations: list[str]
) -> None:
    """Append what is wrong. `commits` are the events of units since the baseline, in the order of the commits."""
    for guild_id, guild in baseline.items():
        shown = _replay(guild, [each for each in commits if each.envelope.guild_id == guild_id])
        writes = _acknowledged_writes(ledger, guild_id, shown)
        for deed in ledger.deeds:
            parts = deed.request.path.partition("?")[0].strip("/").split("/")
            if deed.request.method != "GET" or parts[:2] != ["guilds", str(guild_id)] or len(parts) != 3:
                continue
            if deed.answer is not None and deed.answer.is_good:
                _check(deed, parts[2], shown, writes, violations)


def _replay(guild: GuildModel, commits: list[LogEntry]) -> list[_Shown]:
    model = GuildModel(id=guild.id, owner_id=guild.owner_id, name=guild.name, roles=dict(guild.roles))
    model.channels, model.members = dict(guild.channels), dict(guild.members)
    shown = [_Shown(0, model)]
    for entry in commits:
        model.apply(entry.envelope.event, entry.d)
        shown.append(_Shown(entry.created_ms, model))
    return shown


def _acknowledged_writes(ledger: Ledger, guild_id: int, shown: list[_Shown]) -> list[tuple[float, int]]:
    """Return when a request that changed the guild was answered, and the place that was committed last before."""
    channels = {each for moment in shown for each in moment.names}
    writes = []
    for deed in ledger.deeds:
        if deed.request.method not in _WRITES or not deed.is_acknowledged:
            continue
        kind, *about = deed.request.path.strip("/").split("/")
        is_of_guild = kind == "guilds" and about[:1] == [str(guild_id)]
        is_of_channel = kind == "channels" and int(about[0]) in channels and "messages" not in about
        if is_of_guild or is_of_channel:
            writes.append((deed.ended_s, _newest(shown, EPOCH_MS + deed.begun_s * 1000, deed)))
    return writes


def _newest(shown: list[_Shown], begun_ms: float, deed: Deed) -> int:
    """Return the first place of the guild that was committed while the request was under way, 0 for none."""
    ended_ms = EPOCH_MS + deed.ended_s * 1000
    return next((place for place, each in enumerate(shown) if begun_ms <= each.at_ms <= ended_ms), 0)


def _check(deed: Deed, what: str, shown: list[_Shown], writes: list[tuple[float, int]], violations: list[str]) -> None:
    floor = max((place for ended_s, place in writes if ended_s <= deed.begun_s), default=0)
    ended_ms = EPOCH_MS + deed.ended_s * 1000 + 1
    possible = [each for place, each in enumerate(shown) if place >= floor and (each.at_ms <= ended_ms)]
    assert deed.answer is not None
    theirs: list[Any] = deed.answer.json()
    if what == "roles":
        is_right = {int(each["id"]): int(each["permissions"]) for each in theirs} in [each.roles for each in possible]
    elif what == "channels":
        named = {int(each["id"]): each["name"] for each in theirs}  # those that the reader sees
        is_right = any(named.items() <= each.names.items() for each in possible)
    else:
        return
    if not is_right:
        user = f"user {deed.user_id % 10_000:04}"
        violations.append(
            f"{user} read old {what}: GET {deed.request.path}, {deed.begun_s:.3f} to {deed.ended_s:.3f} s"
        )
