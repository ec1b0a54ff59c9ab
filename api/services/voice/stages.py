"""Stage instances over REST. A stage's moderators open it, change its topic and close it; who views it can see it.

A message in the stage's chat tells of each. Source: Discord's documentation, "Stage Instance Resource".
"""

from typing import Any, Final

from msgspec import UNSET

from api.services.access import GuildAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.messages.system_messages import SystemMessages
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.stage_forms import CreateStageInstance, UpdateStageInstance
from api.services.voice.stage_steps import StageSteps
from core.domain.channels.channel import ChannelType
from core.domain.errors import Forbidden, UnknownStageInstance, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import MessageType
from core.store.interfaces import Store
from core.wire.objects.guilds.stage_instance import StageInstanceObject, render_stage_instance

_MODERATES: Final = int(Permission.MANAGE_CHANNELS | Permission.MUTE_MEMBERS | Permission.MOVE_MEMBERS)
"""A moderator of a stage has all of these in its channel."""


class StageInstanceService:
    """Opens, shows, changes and closes stages."""

    __slots__ = ("_entities", "_notes", "_steps", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, steps: StageSteps, notes: SystemMessages) -> None:
        self._store = store
        self._entities = entities
        self._steps = steps
        self._notes = notes

    async def open(self, caller: Caller, form: CreateStageInstance) -> StageInstanceObject:
        """Open a stage; with `send_start_notification` its message mentions everyone.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. StageIsOpen.
            Forbidden: the caller is no moderator of the stage, or may not mention everyone.
        """
        notifies = bool(form.send_start_notification)
        stage = await self._open(caller, form, notifies=notifies)
        await self._notes.write(
            form.channel_id, MessageType.STAGE_START, caller.user, content=form.topic, mentions_everyone=notifies
        )
        return stage

    @on_present_rights
    async def _open(self, caller: Caller, form: CreateStageInstance, *, notifies: bool) -> StageInstanceObject:
        needed = _MODERATES | (Permission.MENTION_EVERYONE if notifies else 0)
        access = await self._require(caller, form.channel_id, needed)
        guild_id = access.entry.guild.id
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            return render_stage_instance(await self._steps.open(tx, guild_id, form.channel_id, form.topic))

    async def fetch(self, caller: Caller, channel_id: int) -> StageInstanceObject:
        """Return an open stage. Raises UnknownChannel, MissingAccess, WrongChannelType, UnknownStageInstance."""
        await self._require(caller, channel_id, 0)
        stage = await self._store.stage_instances.find(channel_id)
        if stage is None:
            raise UnknownStageInstance
        return render_stage_instance(stage)

    async def update(self, caller: Caller, channel_id: int, form: UpdateStageInstance) -> StageInstanceObject:
        """Change an open stage. Raises as `fetch`. Forbidden: no moderator of the stage."""
        changed = await self._update(caller, channel_id, form)
        if form.topic is not UNSET:
            await self._notes.write(channel_id, MessageType.STAGE_TOPIC, caller.user, content=changed.topic)
        return changed

    @on_present_rights
    async def _update(self, caller: Caller, channel_id: int, form: UpdateStageInstance) -> StageInstanceObject:
        access = await self._require(caller, channel_id, _MODERATES)
        given: dict[str, Any] = {"topic": form.topic, "privacy_level": form.privacy_level}
        changes = {field: value for field, value in given.items() if value is not UNSET}
        async with self._store.write(guilds=[access.entry.guild.id]) as tx:
            await confirm_rights(tx, access)
            return render_stage_instance(await self._steps.change(tx, channel_id, changes))

    async def close(self, caller: Caller, channel_id: int) -> None:
        """Close a stage. Raises as `update`."""
        topic = await self._close(caller, channel_id)
        await self._notes.write(channel_id, MessageType.STAGE_END, caller.user, content=topic)

    @on_present_rights
    async def _close(self, caller: Caller, channel_id: int) -> str:
        access = await self._require(caller, channel_id, _MODERATES)
        async with self._store.write(guilds=[access.entry.guild.id]) as tx:
            await confirm_rights(tx, access)
            stage = await self._steps.close(tx, channel_id)
            if stage is None:
                raise UnknownStageInstance
            return stage.topic

    async def _require(self, caller: Caller, channel_id: int, permissions: int) -> GuildAccess:
        """Return the rights of a caller who views the stage and has all these permissions there."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None or access.channel.type != ChannelType.STAGE:
            raise WrongChannelType
        if access.guild.in_channel(access.channel) & permissions != permissions:
            raise Forbidden
        return access.guild
