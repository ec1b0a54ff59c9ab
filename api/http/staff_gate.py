"""The gate of `/admin`: it finds the member of instance staff that a request's token belongs to, and their role.

It stands where `api.http.gate` stands for all other routes, and the two know nothing of each other's tokens.
"""

from api.http.gate import Gate, find_authorization
from api.http.scope import STAFF_KEY, Scope, address_of
from api.services.administration.staff_authenticator import StaffAuthenticator
from core.domain.errors import Unauthorized
from core.domain.instance.staff import StaffRole


class StaffGate:
    """Authenticates requests of staff, and counts them by their address."""

    __slots__ = ("_authenticator", "_gate")

    def __init__(self, *, authenticator: StaffAuthenticator, gate: Gate) -> None:
        self._authenticator = authenticator
        self._gate = gate

    async def admit(self, scope: Scope, least: StaffRole) -> None:
        """Leave the caller in the scope. Raises Unauthorized, StaffAlone, RateLimited."""
        await self._gate.count(scope, address_of(scope))
        staff = await self._authenticator.find(find_authorization(scope["headers"]))
        if staff is None:
            raise Unauthorized
        scope[STAFF_KEY] = staff
        staff.require(least)
