"""Who calls `/admin`: a member of instance staff by a token of their own, or the operator by a pass.

Tokens of accounts mean nothing here, and tokens of staff mean nothing elsewhere: they have a scheme and a table of
their own. So a stolen token of a client never administers the server, whoever it belongs to. Staff is looked up at each
request and once more where it acts, without a cache: a token that was revoked is of no use from then on.

The operator is whoever can read the server's database, where the key of passes is; `guildway admin` reads it there.
"""

from typing import Final

import msgspec

from api.services.administration.operator_passes import is_pass
from core.domain.errors import StaffAlone, Unauthorized
from core.domain.instance.staff import OPERATOR_ID, StaffRole, has_rank
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.store.aggregates.instance.staff import StaffReader

STAFF_SCHEME: Final = "Staff "
OPERATOR_SCHEME: Final = "Operator "


class Staff(msgspec.Struct, kw_only=True, frozen=True):
    """A caller of `/admin`."""

    actor_id: int
    role: StaffRole
    token_hash: bytes = b""

    @property
    def is_operator(self) -> bool:
        """True for who administers the server from its own machine."""
        return self.actor_id == OPERATOR_ID

    def require(self, least: StaffRole) -> None:
        """Raise StaffAlone unless the role suffices."""
        if not has_rank(self.role, least):
            raise StaffAlone


class StaffAuthenticator:
    """Finds staff by the Authorization header."""

    __slots__ = ("_clock", "_operator_key", "_staff")

    def __init__(self, *, staff: StaffReader, clock: Clock, operator_key: bytes) -> None:
        """`operator_key` is empty where nobody is the operator."""
        self._staff = staff
        self._clock = clock
        self._operator_key = operator_key

    async def find(self, header: str) -> Staff | None:
        """Find the caller of the header."""
        if header.startswith(OPERATOR_SCHEME):
            given = header.removeprefix(OPERATOR_SCHEME)
            is_good = is_pass(self._operator_key, given, self._clock.now_ms())
            return Staff(actor_id=OPERATOR_ID, role="owner") if is_good else None
        if not header.startswith(STAFF_SCHEME):
            return None
        return await find_staff(self._staff, hash_token(header.removeprefix(STAFF_SCHEME)), self._clock.now_ms())


async def find_staff(reader: StaffReader, token_hash: bytes, now_ms: int) -> Staff | None:
    """Find whose token it is, unless it has expired."""
    found = await reader.find_by_token(token_hash)
    if found is None or found[1].is_expired(now_ms):
        return None
    return Staff(actor_id=found[0].user_id, role=found[0].role, token_hash=token_hash)


async def confirm_staff(reader: StaffReader, staff: Staff, least: StaffRole, now_ms: int) -> None:
    """Check in a unit of work that a caller has its role still. Raises Unauthorized, StaffAlone."""
    if staff.is_operator:
        return
    present = await find_staff(reader, staff.token_hash, now_ms)
    if present is None:
        raise Unauthorized
    present.require(least)
