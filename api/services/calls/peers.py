"""Calls from client to client: members of a small call agree to it, and are helped to find each other.

It shows addresses, so three must want it: the operator (`voice.most_peers`), each person in the call (its setting), and
each client, for the session that is in the call. Other sessions hear nothing. What clients send each other is passed on
by volatile events, neither stored nor logged; who agrees is a part of the call's row (`peer_steps`).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec import UNSET

from api.services.announcements import session_event
from api.services.caller import Caller
from api.services.calls.call_rules import CallRules
from api.services.calls.call_units import CallUnits
from api.services.calls.peer_forms import AgreeForm, CandidateForm, PeerReportForm, PeerSignalForm
from api.services.calls.peer_steps import PeerSteps
from api.services.ids import IdSource
from api.services.limits import Limits
from api.services.relationships.relationship_cache import RelationshipCache
from core.bus.interfaces import Bus
from core.domain.channels.call import Call
from core.domain.channels.channel import Channel
from core.domain.channels.peering import FEWEST_PEERS, PeeringEnd
from core.domain.errors import (
    CannotSendToUser,
    OthersInCall,
    PeersOff,
    UnknownChannel,
    UnknownPeerRound,
    UnknownVoiceState,
    WrongAccountKind,
    invalid_field,
)
from core.domain.events import CALL_PEER_SIGNAL
from core.domain.people.relationship import RelationshipType
from core.store.interfaces import Store, Transaction
from core.wire.objects.channels.call_peers import CallPeerSignalObject, CallPeersObject, PeerCandidate, render_peers

_MOST_CANDIDATES: Final = 64
"""In one description: more than a client has addresses."""


class PeerService:
    """Lets people agree, and passes on what their clients send each other."""

    __slots__ = ("_bus", "_ids", "_limits", "_relationships", "_rules", "_steps", "_store", "_units")

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        rules: CallRules,
        steps: PeerSteps,
        units: CallUnits,
        relationships: RelationshipCache,
        limits: Limits,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._bus = bus
        self._rules = rules
        self._steps = steps
        self._units = units
        self._relationships = relationships
        self._limits = limits
        self._ids = ids

    async def fetch(self, caller: Caller, channel_id: int) -> CallPeersObject:
        """Return who agrees in the call that the caller is in.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. WrongAccountKind: a bot.
            UnknownVoiceState: the caller is not in it.
        """
        _require_person(caller)
        await self._rules.require_private(caller.user_id, channel_id)
        state = await self._store.voice_states.find(0, caller.user_id)
        call = await self._store.calls.find(channel_id)
        if state is None or state.channel_id != channel_id or call is None:
            raise UnknownVoiceState
        return self._render(call)

    async def agree(self, caller: Caller, channel_id: int, form: AgreeForm) -> CallPeersObject:
        """Let the caller agree, towards those who are in the call now.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType, RateLimited. WrongAccountKind: a bot.
            CannotSendToUser: as for messages, or there is a block between the caller and somebody in the call.
            PeersOff: the operator, or the caller's own setting, does not allow it.
            UnknownVoiceState: the session is not in the call.
            OthersInCall: it names others than those who are in it.
        """
        _require_person(caller)
        if self._steps.most_peers < FEWEST_PEERS:
            raise PeersOff
        await self._limits.take_peer_signal(caller.user_id)
        await self._rules.require_call(caller.user_id, channel_id)

        async def body(tx: Transaction, channel: Channel) -> Call:
            call = await _find_call(tx, channel.id, caller.user_id)
            present = await tx.voice_states.list_of_channel(channel.id)
            own = next(state for state in present if state.user_id == caller.user_id)
            if own.session_id != form.session_id:
                raise UnknownVoiceState
            if form.towards is not UNSET and {*form.towards, own.user_id} != {state.user_id for state in present}:
                raise OthersInCall
            if not (await tx.preferences.find_settings(caller.user_id)).peer_to_peer:
                raise PeersOff
            for state in present:
                await _require_no_block(tx, caller.user_id, state.user_id)
            return await self._steps.agree(tx, call, own, present)

        return self._render(await self._units.run(channel_id, body))

    async def withdraw(self, caller: Caller, channel_id: int) -> None:
        """Take the caller's consent back. Raises as `fetch`, and RateLimited."""
        _require_person(caller)
        await self._limits.take_peer_signal(caller.user_id)
        await self._rules.require_private(caller.user_id, channel_id)

        async def body(tx: Transaction, channel: Channel) -> None:
            call = await _find_call(tx, channel.id, caller.user_id)
            await self._steps.withdraw(tx, call, caller.user_id)

        await self._units.run(channel_id, body)

    async def report(self, caller: Caller, channel_id: int, form: PeerReportForm) -> None:
        """Note that the caller has reached all others of a round, or that it cannot: then the round is over.

        Raises:
            UnknownPeerRound: it is over, or not the caller's. As `fetch`, and RateLimited.
        """
        _require_person(caller)
        await self._limits.take_peer_signal(caller.user_id)
        await self._rules.require_private(caller.user_id, channel_id)

        async def body(tx: Transaction, channel: Channel) -> None:
            call = await _find_call(tx, channel.id, caller.user_id)
            if call.peering is None or not call.peering.has_in_round(form.round_id, caller.user_id):
                raise UnknownPeerRound
            if form.state == "failed":
                await self._steps.end(tx, call, PeeringEnd.FAILED)
            else:
                await self._steps.connect(tx, call, caller.user_id)

        await self._units.run(channel_id, body)

    async def signal(self, caller: Caller, channel_id: int, user_id: int, form: PeerSignalForm) -> None:
        """Pass an offer, an answer or candidates on to another one of the round.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType, RateLimited. WrongAccountKind: a bot.
            UnknownPeerRound: it is over, or one of the two is not in it.
            CannotSendToUser: one of them has blocked the other. Invalid: what the type needs is missing.
        """
        _require_person(caller)
        await self._limits.take_peer_signal(caller.user_id)
        await self._rules.require_private(caller.user_id, channel_id)
        signal = _read(caller.user_id, channel_id, form)
        call = await self._store.calls.find(channel_id)
        peering = None if call is None else call.peering
        peer = None if peering is None else peering.find_other(form.round_id, caller.user_id, user_id)
        if peer is None:
            raise UnknownPeerRound
        if await self._relationships.is_block_between(caller.user_id, user_id):
            raise CannotSendToUser
        event = session_event(self._ids.next(), CALL_PEER_SIGNAL, user_id, peer.session_id, signal)
        self._bus.publish_volatile([event])

    async def withdraw_everywhere(self, user_id: int) -> None:
        """Take a user's consent back, wherever it is. Raises Unavailable."""

        async def body(tx: Transaction, channel: Channel) -> None:
            call = await tx.calls.find(channel.id)
            if call is not None:
                await self._steps.withdraw(tx, call, user_id)

        await self._run_where(user_id, body)

    async def end_between(self, user_id: int, other_id: int) -> None:
        """End what both have agreed to, one of whom has blocked the other. Raises Unavailable."""

        async def body(tx: Transaction, channel: Channel) -> None:
            call = await tx.calls.find(channel.id)
            if call is not None and call.peering is not None and all(map(call.peering.find, (user_id, other_id))):
                await self._steps.end(tx, call, PeeringEnd.BLOCKED)

        await self._run_where(user_id, body)

    async def _run_where(self, user_id: int, body: Callable[[Transaction, Channel], Awaitable[None]]) -> None:
        """Run the body in a unit of work of the channel in whose call the user is, if there is one."""
        state = await self._store.voice_states.find(0, user_id)
        if state is not None:
            with suppress(UnknownChannel):  # it has taken the call along
                await self._units.run(state.channel_id, body)

    def _render(self, call: Call) -> CallPeersObject:
        return render_peers(call.channel_id, call.peering, most_peers=self._steps.most_peers)


def _require_person(caller: Caller) -> None:
    if caller.is_bot:
        raise WrongAccountKind


async def _find_call(tx: Transaction, channel_id: int, user_id: int) -> Call:
    """Return the call that the user is in. Raises UnknownVoiceState."""
    state = await tx.voice_states.find(0, user_id)
    call = await tx.calls.find(channel_id)
    if state is None or state.channel_id != channel_id or call is None or call.ended_ms:
        raise UnknownVoiceState
    return call


async def _require_no_block(tx: Transaction, user_id: int, other_id: int) -> None:
    for side in (await tx.relationships.find(user_id, other_id), await tx.relationships.find(other_id, user_id)):
        if side is not None and side.type == RelationshipType.BLOCKED:
            raise CannotSendToUser


def _read(user_id: int, channel_id: int, form: PeerSignalForm) -> CallPeerSignalObject:
    """Return the signal as the other one gets it. Raises Invalid."""
    needed = "candidates" if form.type == "candidates" else "sdp"
    if getattr(form, needed) is UNSET:
        raise invalid_field(needed, "BASE_TYPE_REQUIRED", "This field is required")
    if form.sdp is not UNSET and form.sdp.count("\na=candidate:") > _MOST_CANDIDATES:
        raise invalid_field("sdp", "BASE_TYPE_BAD_LENGTH", f"Must have at most {_MOST_CANDIDATES} candidates.")
    return CallPeerSignalObject(
        channel_id=str(channel_id),
        round_id=str(form.round_id),
        user_id=str(user_id),
        type=form.type,
        sdp=form.sdp,
        candidates=UNSET if form.candidates is UNSET else list(map(_render_candidate, form.candidates)),
    )


def _render_candidate(form: CandidateForm) -> PeerCandidate:
    return PeerCandidate(
        candidate=form.candidate,
        sdp_mid=form.sdp_mid,
        sdp_m_line_index=form.sdp_m_line_index,
        username_fragment=form.username_fragment,
    )
