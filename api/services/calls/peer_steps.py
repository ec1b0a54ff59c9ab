"""The steps by which calls go from client to client and back: the one place that changes who agrees to it.

All methods are steps of a caller's unit of work, which names all recipients of the channel. They put the call and
return it, and tell each peer, by the session that is in the call, as only that one has said that it knows of this.
"""

from collections.abc import Iterable

from api.services.announcements import session_event
from api.services.ids import IdSource
from core.domain.channels.call import Call
from core.domain.channels.peering import Peer, Peering, PeeringEnd, Presence, agree, leave, withdraw
from core.domain.events import CALL_PEERS_UPDATE
from core.domain.guilds.voice_state import VoiceState
from core.runtime.clock import Clock
from core.store.interfaces import Transaction
from core.wire.objects.channels.call_peers import CallPeersObject, render_peers


class PeerSteps:
    """Changes who agrees."""

    __slots__ = ("_clock", "_ids", "most_peers")

    def __init__(self, *, most_peers: int, ids: IdSource, clock: Clock) -> None:
        """`most_peers` is how many in a call may talk without a media node."""
        self.most_peers = most_peers
        self._ids = ids
        self._clock = clock

    async def agree(self, tx: Transaction, call: Call, state: VoiceState, present: Iterable[VoiceState]) -> Call:
        """Let somebody in the call agree. `present` are all who are in it."""
        peer = Peer(state.user_id, state.session_id)
        return await self._put(tx, call, agree(call.peering, peer, self._find_presence(present)))

    async def leave(self, tx: Transaction, call: Call) -> Call:
        """Follow that somebody has left the call, where others still are."""
        if call.peering is None:
            return call
        present = await tx.voice_states.list_of_channel(call.channel_id)
        return await self._put(tx, call, leave(call.peering, self._find_presence(present)), PeeringEnd.LEFT)

    async def withdraw(self, tx: Transaction, call: Call, user_id: int) -> Call:
        """Take somebody's consent back. A round is over with it."""
        return await self._put(tx, call, call.peering and withdraw(call.peering, user_id), PeeringEnd.WITHDRAWN)

    async def connect(self, tx: Transaction, call: Call, user_id: int) -> Call:
        """Note that somebody has reached all others of the round."""
        return await self._put(tx, call, call.peering and call.peering.with_connected(user_id))

    async def end(self, tx: Transaction, call: Call, why: PeeringEnd) -> Call:
        """End all consents, and a round with them."""
        return await self._put(tx, call, None, why)

    async def end_late(self, tx: Transaction, call: Call) -> Call:
        """End a round whose time is over."""
        peering = call.peering
        if peering is None or not peering.until_ms or peering.until_ms > self._clock.now_ms():
            return call
        return await self.end(tx, call, PeeringEnd.TIMEOUT)

    def _find_presence(self, present: Iterable[VoiceState]) -> Presence:
        return Presence(
            sessions={(state.user_id, state.session_id) for state in present},
            most=self.most_peers,
            round_id=self._ids.next(),
            now_ms=self._clock.now_ms(),
        )

    async def _put(self, tx: Transaction, call: Call, after: Peering | None, why: PeeringEnd | None = None) -> Call:
        before = call.peering
        if after == before:
            return call
        changed = call.with_peering(after)
        await tx.calls.put(changed)
        present = {(peer.user_id, peer.session_id) for peer in (after.peers if after else ())}
        former = {(peer.user_id, peer.session_id) for peer in (before.peers if before else ())} - present
        self._tell(tx, present, render_peers(call.channel_id, after))
        self._tell(tx, former, render_peers(call.channel_id, None, reason=why))
        return changed

    def _tell(self, tx: Transaction, sessions: Iterable[tuple[int, str]], update: CallPeersObject) -> None:
        tx.announce(
            *(
                session_event(self._ids.next(), CALL_PEERS_UPDATE, user_id, session_id, update)
                for user_id, session_id in sorted(sessions)
            )
        )
