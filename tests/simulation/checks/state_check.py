"""The check of the quiet end: log, rows, what the API answers and what clients have are one and the same."""

from typing import Any

from tests.simulation.checks.database_reading import Rows
from tests.simulation.checks.guild_model import GuildModel, Overwrites, channel_of, guild_of
from tests.simulation.checks.timeline import Timeline
from tests.simulation.clients.ledger import Deed, SessionRecord


def check_log_against_rows(rows: Rows, timeline: Timeline, violations: list[str]) -> None:
    """The model that has read the log has what the tables have."""
    for guild_id, guild in rows.guilds.items():
        model = timeline.guilds.get(guild_id)
        if model is None:
            continue
        _compare(f"log and rows of guild {guild_id}", _describe(model), _describe(guild), violations)


def check_session(record: SessionRecord, rows: Rows, violations: list[str]) -> None:
    """A live session's client has the guilds, channels and roles that it should have."""
    guilds: dict[int, GuildModel] = {}
    for dispatch in record.dispatches:
        _follow(guilds, dispatch.event, dispatch.d)
    user = f"user {record.user_id % 10_000:04}"
    expected = {guild_id: guild for guild_id, guild in rows.guilds.items() if record.user_id in guild.members}
    _compare(f"guilds of {user}", sorted(guilds), sorted(expected), violations)
    for guild_id in guilds.keys() & expected.keys():
        theirs, ours = guilds[guild_id], expected[guild_id]
        visible = {each for each in ours.channels if ours.may_view(record.user_id, each)}
        _compare(
            f"guild {guild_id} at {user}",
            _describe(theirs),
            {**_describe(ours), "channels": _channels(ours, visible)},
            violations,
        )


def _follow(guilds: dict[int, GuildModel], event: str, d: Any) -> None:
    """Do what a client does with a dispatch."""
    match event:
        case "READY":
            guilds.clear()
            guilds.update({int(each["id"]): guild_of(each) for each in d["guilds"] if "unavailable" not in each})
        case "GUILD_CREATE":
            guilds[int(d["id"])] = guild_of(d)
        case "GUILD_DELETE":
            guilds.pop(int(d["id"]), None)
        case _ if isinstance(d, dict):
            guild = guilds.get(int(d.get("guild_id") or (d["id"] if event == "GUILD_UPDATE" else 0)))
            if guild is not None:
                guild.apply(event, d)


def check_answers(deeds: list[Deed], rows: Rows, violations: list[str]) -> None:
    """The answers of the quiet end say what the rows say."""
    for deed in deeds:
        answer = deed.answer
        user_id = deed.user_id
        what = f"GET {deed.request.path} by user {user_id % 10_000:04}"
        parts = deed.request.path.partition("?")[0].strip("/").split("/")
        if answer is None:
            violations.append(f"{what} was not answered")
        elif parts[0] == "guilds":
            guild = rows.guilds[int(parts[1])]
            if user_id not in guild.members or not answer.is_good:
                _compare(what, answer.is_good, user_id in guild.members, violations)
            elif parts[2] == "roles":
                theirs = {int(each["id"]): int(each["permissions"]) for each in answer.json()}
                _compare(what, theirs, guild.roles, violations)
            else:
                visible = {each for each in guild.channels if guild.may_view(user_id, each)}
                model = GuildModel(id=guild.id, owner_id=0, roles=guild.roles, members=guild.members)
                model.channels = {int(each["id"]): channel_of(each) for each in answer.json()}
                _compare(what, _channels(model, model.channels), _channels(guild, visible), violations)
        else:
            _check_messages(what, deed, int(parts[1]), rows, violations)


def _check_messages(what: str, deed: Deed, channel_id: int, rows: Rows, violations: list[str]) -> None:
    assert deed.answer is not None
    guild = next((each for each in rows.guilds.values() if channel_id in each.channels), None)
    is_visible = guild is not None and guild.may_view(deed.user_id, channel_id)
    if guild is None or not is_visible or not deed.answer.is_good:
        _compare(what, deed.answer.is_good, is_visible, violations)
    elif guild.permissions(deed.user_id, channel_id) & (1 << 16):
        stored = sorted((row.id, row.content) for row in rows.messages.values() if row.channel_id == channel_id)
        theirs = sorted((int(each["id"]), each["content"]) for each in deed.answer.json())
        _compare(what, theirs, stored[-100:], violations)


def _describe(guild: GuildModel) -> dict[str, Any]:
    return {
        "owner": guild.owner_id,
        "name": guild.name,
        "roles": guild.roles,
        "channels": _channels(guild, guild.channels),
        "members": guild.members,
    }


def _channels(guild: GuildModel, channel_ids: Any) -> dict[int, tuple[str, Overwrites]]:
    """Return channels without the overwrites of roles that are gone, which mean nothing."""
    return {
        each: (
            guild.channels[each].name,
            {key: value for key, value in guild.channels[each].overwrites.items() if key[0] or key[1] in guild.roles},
        )
        for each in channel_ids
    }


def _compare(what: str, theirs: Any, ours: Any, violations: list[str]) -> None:
    if theirs == ours:
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = [key for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)]
        for key in sorted(keys, key=str):
            _compare(f"{what}, {key}", theirs.get(key), ours.get(key), violations)
        return
    violations.append(f"{what}: {theirs!r} is not {ours!r}")
