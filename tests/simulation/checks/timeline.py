"""The naive model run over the log: who should get which entry, and what everybody might do at each of them.

It starts from the rows before the work began and applies the log's entries one by one. For an entry and a user the
answer is one of three:

    MUST      the user's live sessions get it
    MAY       rights changed with this entry, or it is about the user, or it repeats a message: whoever has it already
              need not get it
    MUST_NOT  nobody may show it to the user
"""

import copy
import enum
from collections.abc import Sequence

import msgspec

from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    INTERNAL_EVENTS,
    MEMBER_EVENTS,
    MESSAGE_CREATE,
    Audience,
)
from tests.simulation.checks.database_reading import LogEntry
from tests.simulation.checks.guild_model import GuildModel


class Verdict(enum.Enum):
    """What a user should see of an entry."""

    MUST = "must"
    MAY = "may"
    MUST_NOT = "must not"


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of users and channels of one guild."""

    senders: frozenset[tuple[int, int]]
    viewers: frozenset[tuple[int, int]]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """An entry (None before the first), and what follows from it for each user."""

    entry: LogEntry | None
    verdicts: dict[int, Verdict]
    rights: tuple[Rights, ...]
    """The rights in each guild after it."""

    def may_send(self, user_id: int, channel_id: int) -> bool:
        """Whether the user may send there after it."""
        return any((user_id, channel_id) in each.senders for each in self.rights)

    def may_view(self, user_id: int, channel_id: int) -> bool:
        """Whether the user sees the channel after it."""
        return any((user_id, channel_id) in each.viewers for each in self.rights)


class Timeline:
    """The moments of all entries after the baseline, in the order of the log."""

    def __init__(
        self, *, baseline: dict[int, GuildModel], after: int, log: Sequence[LogEntry], user_ids: Sequence[int]
    ) -> None:
        """`baseline` are the guilds as they were at the position `after`."""
        self.guilds = copy.deepcopy(baseline)
        self._user_ids = user_ids
        self._created: set[tuple[int, int]] = {_message(entry) for entry in log if entry.position <= after}
        self._rights = {guild_id: self._list_rights(guild) for guild_id, guild in self.guilds.items()}
        self.start = self._sum_up(None, {})
        self.moments = [self._pass(entry) for entry in log if entry.position > after]

    def _pass(self, entry: LogEntry) -> Moment:
        envelope = entry.envelope
        is_repeat = envelope.event == MESSAGE_CREATE and _message(entry) in self._created
        self._created.add(_message(entry))
        must = Verdict.MAY if is_repeat else Verdict.MUST
        if not envelope.guild_id:
            verdicts = {} if envelope.event in INTERNAL_EVENTS else {envelope.user_id: must}
            return self._sum_up(entry, verdicts)
        guild = self.guilds.get(envelope.guild_id)
        if guild is None:
            return self._sum_up(entry, dict.fromkeys(self._user_ids, Verdict.MAY))
        before = {user_id: self._sees(guild, entry, user_id) for user_id in self._user_ids}
        if guild.apply(envelope.event, entry.d):
            self._rights[guild.id] = self._list_rights(guild)
            after = {user_id: self._sees(guild, entry, user_id) for user_id in self._user_ids}
        else:
            after = before
        verdicts = {
            user_id: self._judge(entry, user_id, before=before[user_id], after=after[user_id], must=must)
            for user_id in self._user_ids
        }
        return self._sum_up(entry, verdicts)

    @staticmethod
    def _judge(entry: LogEntry, user_id: int, *, before: bool, after: bool, must: Verdict) -> Verdict:
        event = entry.envelope.event
        is_about = event in MEMBER_EVENTS and entry.envelope.user_id == user_id
        if event == CHANNEL_CREATE:
            before = after
        elif event == CHANNEL_DELETE:
            after = before
        if before != after or (is_about and (before or after)):
            return Verdict.MAY
        return must if before else Verdict.MUST_NOT

    def _sees(self, guild: GuildModel, entry: LogEntry, user_id: int) -> bool:
        envelope = entry.envelope
        if user_id not in guild.members:
            return False
        match envelope.audience:
            case Audience.GUILD:
                return True
            case Audience.CHANNEL:
                return guild.may_view(user_id, envelope.channel_id)
            case Audience.GUILD_PERMISSION:
                return bool(guild.permissions(user_id, envelope.channel_id) & envelope.permissions)
        return False

    def _list_rights(self, guild: GuildModel) -> Rights:
        pairs = [(user_id, channel_id) for user_id in self._user_ids for channel_id in guild.channels]
        return Rights(
            senders=frozenset(pair for pair in pairs if guild.may_send(*pair)),
            viewers=frozenset(pair for pair in pairs if guild.may_view(*pair)),
        )

    def _sum_up(self, entry: LogEntry | None, verdicts: dict[int, Verdict]) -> Moment:
        return Moment(entry=entry, verdicts=verdicts, rights=tuple(self._rights.values()))


def _message(entry: LogEntry) -> tuple[int, int]:
    return entry.envelope.owner_id, entry.envelope.id


def created_ms(moment: Moment) -> int:
    """Return when the entry of a moment was made, by the clock of its process."""
    assert moment.entry is not None
    return moment.entry.created_ms
