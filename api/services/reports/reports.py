"""Reports: people tell instance staff of a message, of somebody or of a guild.

Whoever reports must see what they report. A report keeps the text of the message, since its author may delete it. The
same person's second report of the same thing is the first one, as long as that is open.
"""

from typing import Final

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.limits import Limits
from api.services.preferences.user_settings import require_person
from api.services.reports.menus import check_menu, make_menu, read_reason
from api.services.reports.report_forms import CreateOldReport, CreateReport
from core.domain.errors import FieldError, Invalid, UnknownMessage
from core.domain.instance.report import Report
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.report import ReportAnswer, ReportMenu, ReportMenuName

_OLD_REASONS: Final = (
    "Something illegal",
    "Abuse or harassment",
    "Spam",
    "Somebody is in danger / Self-harm or suicide",
    "Abuse or harassment / Unwanted sexual content",
)
"""The reasons of older clients, by their numbers."""

_IDS: Final = ("channel_id", "message_id", "user_id", "guild_id")


class ReportService:
    """Takes reports."""

    __slots__ = ("_clock", "_entities", "_ids", "_limits", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, limits: Limits, ids: IdSource, clock: Clock) -> None:
        self._store = store
        self._entities = entities
        self._limits = limits
        self._ids = ids
        self._clock = clock

    def show_menu(self, caller: Caller, name: ReportMenuName) -> ReportMenu:
        """Return the questions to whoever reports. Raises WrongAccountKind."""
        require_person(caller)
        return make_menu(name)

    async def create(self, caller: Caller, name: ReportMenuName, form: CreateReport) -> ReportAnswer:
        """Take a report.

        Raises:
            WrongAccountKind, RateLimited. Invalid: for a wrong way through the menu, or without an id that is needed.
            UnknownChannel, MissingAccess, UnknownMessage, UnknownUser, UnknownGuild: for what the caller does not see.
        """
        require_person(caller)
        if form.name != name:
            raise Invalid(FieldError(("name",), "BASE_TYPE_INVALID", f"The menu is that of {name}."))
        check_menu(form.version, form.variant)
        reason = read_reason(name, form.breadcrumbs)
        match name:
            case "message" | "first_dm":
                _require(form, ("channel_id", "message_id"), may=("guild_id", "user_id"))
                return await self._report_message(caller, form.channel_id or 0, form.message_id or 0, reason)
            case "user":
                _require(form, ("user_id",), may=("guild_id", "channel_id"))
                return await self._report_user(caller, form, reason)
            case "guild":
                _require(form, ("guild_id",), may=("channel_id",))
                return await self._report_guild(caller, form.guild_id or 0, reason)

    async def create_old(self, caller: Caller, form: CreateOldReport) -> ReportAnswer:
        """Take a report of a message by an older client. Raises as `create`."""
        require_person(caller)
        return await self._report_message(caller, form.channel_id, form.message_id, _OLD_REASONS[int(form.reason)])

    async def _report_message(self, caller: Caller, channel_id: int, message_id: int, reason: str) -> ReportAnswer:
        access = await self._entities.text_access(caller.user_id, channel_id)
        message = await self._store.messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        return await self._add(
            Report(
                id=self._ids.next(),
                kind="message",
                reporter_id=caller.user_id,
                created_ms=self._clock.now_ms(),
                reason=reason,
                user_id=message.author_id,
                guild_id=access.channel.guild_id,
                channel_id=channel_id,
                message_id=message_id,
                content=message.content,
            )
        )

    async def _report_user(self, caller: Caller, form: CreateReport, reason: str) -> ReportAnswer:
        user = await self._entities.user(form.user_id or 0)
        if form.guild_id:
            await self._entities.access(caller.user_id, form.guild_id)
        return await self._add(
            Report(
                id=self._ids.next(),
                kind="user",
                reporter_id=caller.user_id,
                created_ms=self._clock.now_ms(),
                reason=reason,
                user_id=user.id,
                guild_id=form.guild_id or 0,
            )
        )

    async def _report_guild(self, caller: Caller, guild_id: int, reason: str) -> ReportAnswer:
        access = await self._entities.access(caller.user_id, guild_id)
        return await self._add(
            Report(
                id=self._ids.next(),
                kind="guild",
                reporter_id=caller.user_id,
                created_ms=self._clock.now_ms(),
                reason=reason,
                guild_id=guild_id,
                content=access.entry.guild.name,
            )
        )

    async def _add(self, report: Report) -> ReportAnswer:
        await self._limits.take_report(report.reporter_id)
        async with self._store.write(users=[report.reporter_id]) as tx:
            known = await tx.reports.find_open(report)
            if known is None:
                await tx.reports.add(report)
        return ReportAnswer(report_id=str((known or report).id))


def _require(form: CreateReport, needed: tuple[str, ...], *, may: tuple[str, ...]) -> None:
    """Check which ids a report has. Raises Invalid."""
    given = {name for name in _IDS if getattr(form, name)}
    faults = [
        *(FieldError((name,), "BASE_TYPE_REQUIRED", "This field is required") for name in needed if name not in given),
        *(
            FieldError((name,), "BASE_TYPE_INVALID", "This report is about no such thing.")
            for name in _IDS
            if name in given and name not in (*needed, *may)
        ),
    ]
    if faults:
        raise Invalid(*faults)
