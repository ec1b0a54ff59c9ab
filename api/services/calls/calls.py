"""Calls over REST: whether a private channel can be rung, ringing, and the end of ringing, which is also a refusal.

Source: discord.py-self, as Discord's documentation has no calls. Ringing begins a call where there is none, since a
client rings at once after its op 4.
"""

import msgspec
from msgspec import UNSET

from api.services.caller import Caller
from api.services.calls.call_forms import ChangeCallForm, RingForm
from api.services.calls.call_messages import CallMessages
from api.services.calls.call_rules import CallRules
from api.services.calls.call_steps import CallSteps
from api.services.calls.call_units import CallUnits
from api.services.directs.direct_sends import DirectSends
from api.services.limits import Limits
from api.services.voice_regions import VoiceRegionService
from core.domain.channels.call import Call
from core.domain.channels.channel import Channel
from core.domain.errors import CannotSendToUser, InvalidRecipients, UnknownVoiceState, WrongAccountKind
from core.domain.guilds.guild import AUTOMATIC_REGION
from core.store.interfaces import Store, Transaction


class CallEligibility(msgspec.Struct, kw_only=True):
    """GET /channels/{channel}/call, as people's clients read it."""

    ringable: bool


class CallService:
    """Rings people, and stops it."""

    __slots__ = ("_directs", "_limits", "_messages", "_regions", "_rules", "_steps", "_store", "_units")

    def __init__(
        self,
        *,
        store: Store,
        rules: CallRules,
        regions: VoiceRegionService,
        directs: DirectSends,
        steps: CallSteps,
        units: CallUnits,
        messages: CallMessages,
        limits: Limits,
    ) -> None:
        self._store = store
        self._rules = rules
        self._regions = regions
        self._directs = directs
        self._steps = steps
        self._units = units
        self._messages = messages
        self._limits = limits

    async def fetch(self, caller: Caller, channel_id: int) -> CallEligibility:
        """Return whether the channel can be rung. Raises UnknownChannel, MissingAccess, WrongChannelType."""
        channel = await self._rules.require_private(caller.user_id, channel_id)
        try:
            await self._rules.require_call(caller.user_id, channel_id)
        except CannotSendToUser:
            return CallEligibility(ringable=False)
        return CallEligibility(ringable=bool(await self._rules.find_rung(caller.user_id, channel, None)))

    async def change(self, caller: Caller, channel_id: int, form: ChangeCallForm) -> None:
        """Have the call that the caller is in at a media node of another region.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. WrongAccountKind: a bot.
            UnknownVoiceState: the caller is not in it. Invalid: there is no such region.
        """
        if caller.is_bot:
            raise WrongAccountKind
        await self._rules.require_private(caller.user_id, channel_id)
        self._regions.check(form.region, ("region",))

        async def body(tx: Transaction, present: Channel) -> None:
            state = await tx.voice_states.find(0, caller.user_id)
            if state is None or state.channel_id != channel_id:
                raise UnknownVoiceState
            if form.region is not UNSET:
                region = None if form.region == AUTOMATIC_REGION else form.region
                await self._steps.set_region(tx, present, region)

        await self._units.run(channel_id, body)

    async def ring(self, caller: Caller, channel_id: int, form: RingForm) -> None:
        """Ring recipients who are not in the call, all where the form names none.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. WrongAccountKind: a bot.
            CannotSendToUser: as for messages. InvalidRecipients: somebody is not in the channel.
            RateLimited: the user begins calls too often.
        """
        if caller.is_bot:
            raise WrongAccountKind
        channel = await self._rules.require_call(caller.user_id, channel_id)
        rung = await self._rules.find_rung(caller.user_id, channel, form.recipients or None)
        if await self._store.calls.find(channel_id) is None:
            await self._limits.take_voice_join(caller.user_id)
        await self._messages.finish(channel_id)
        await self._directs.open_for_all(channel)

        async def body(tx: Transaction, present: Channel) -> Call | None:
            before = await tx.calls.find(channel_id)
            if before is not None and before.ended_ms:  # it ends just now
                return None
            await self._steps.ring(tx, present, caller.user_id, set(rung) & set(present.recipient_ids))
            return None if before is not None else await tx.calls.find(channel_id)

        begun = await self._units.run(channel_id, body)
        if begun is not None:
            await self._messages.tell_begin(begun)

    async def stop(self, caller: Caller, channel_id: int, form: RingForm) -> None:
        """Ring these no more; the caller, who refuses the call, where the form names nobody.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. WrongAccountKind: a bot.
            InvalidRecipients: somebody is not in the channel.
        """
        if caller.is_bot:
            raise WrongAccountKind
        channel = await self._rules.require_private(caller.user_id, channel_id)
        wanted = form.recipients or [caller.user_id]
        if not set(wanted) <= set(channel.recipient_ids):
            raise InvalidRecipients

        async def body(tx: Transaction, present: Channel) -> None:
            await self._steps.stop_ringing(tx, present, wanted)

        await self._units.run(channel_id, body)
        await self._messages.finish(channel_id)
