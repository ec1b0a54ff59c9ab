"""The units of work of instance staff. Each confirms that its caller may still act, and writes what was done into the
instance's log: action and entry are committed together, or neither.

Who is on the staff is beyond the reach of all but owners: a moderator who could suspend an owner, or end the sessions
of one, would be one.
"""

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping

from api.services.administration.staff_authenticator import Staff, confirm_staff
from api.services.announcements import user_event
from api.services.ids import IdSource
from core.domain.errors import StaffAlone
from core.domain.events import SESSION_REVOKED
from core.domain.instance.instance_log import InstanceLogEntry
from core.domain.instance.staff import StaffRole
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.internal_events import SessionRevoked


class StaffActions:
    """Opens the units of work of staff."""

    __slots__ = ("_clock", "_ids", "_store")

    def __init__(self, *, store: Store, ids: IdSource, clock: Clock) -> None:
        self._store = store
        self._ids = ids
        self._clock = clock

    @contextlib.asynccontextmanager
    async def act(
        self,
        staff: Staff,
        least: StaffRole,
        action: str,
        target: int | str = "",
        *,
        reason: str | None = None,
        details: Mapping[str, str] | None = None,
        users: Collection[int] = (),
        guilds: Collection[int] = (),
    ) -> AsyncIterator[Transaction]:
        """Give a unit of work of these owners for one action of a caller with this role at least. The body does it.

        Raises:
            Unauthorized, StaffAlone, Unavailable
        """
        async with self._store.write(users=users, guilds=guilds) as tx:
            await confirm_staff(tx.staff, staff, least, self._clock.now_ms())
            yield tx
            await tx.instance_log.append(
                InstanceLogEntry(
                    id=self._ids.next(),
                    at_ms=self._clock.now_ms(),
                    actor_id=staff.actor_id,
                    action=action,
                    target=str(target),
                    reason=reason,
                    details=details or {},
                )
            )

    async def end_sessions(self, tx: Transaction, user_id: int) -> int:
        """End all auth sessions of an account, and with them its connections; return how many there were."""
        ended = await tx.users.delete_auth_sessions_of(user_id)
        for session_id in ended:
            revoked = SessionRevoked(auth_session_id=str(session_id))
            tx.announce(user_event(self._ids.next(), SESSION_REVOKED, user_id, revoked))
        return len(ended)


async def require_above(tx: Transaction, staff: Staff, user_id: int) -> None:
    """Raise StaffAlone when somebody who is no owner acts on an account of the staff."""
    if staff.role != "owner" and await tx.staff.find(user_id) is not None:
        raise StaffAlone
