"""The limits of the instance as instance staff sees and sets them, while the server runs."""

from collections.abc import Mapping
from typing import Final

import msgspec

from api.services.administration.administration_forms import SetLimits
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from api.services.announcements import user_event
from api.services.ids import IdSource
from api.services.members.membership import MAX_GUILDS
from core.domain.errors import FieldError, Invalid
from core.domain.events import LIMITS_CHANGED
from core.domain.instance.staff import OPERATOR_ID
from core.runtime.settings.current_limits import CurrentLimits, LimitValue, WrongLimit
from core.wire.internal_events import LimitsChanged
from core.wire.objects.administration import LimitsObject

_BY_SETTINGS: Final = "default"
"""What the log says of a limit that is given back to the settings."""


class LimitAdministration:
    """Reads and sets limits. A change holds in all processes as soon as they have heard of it."""

    __slots__ = ("_actions", "_current", "_ids")

    def __init__(self, *, actions: StaffActions, current: CurrentLimits, ids: IdSource) -> None:
        self._actions = actions
        self._current = current
        self._ids = ids

    def fetch(self) -> LimitsObject:
        """Return the limits that hold in this process."""
        files = msgspec.structs.asdict(self._current.files)
        return LimitsObject(
            rates=msgspec.structs.asdict(self._current.rates),
            files={name: value for name, value in files.items() if isinstance(value, int | float)},
            guilds_per_user=MAX_GUILDS,
            sessions_per_user=self._current.rates.sessions_per_user,
            changed=sorted(self._current.changed),
        )

    async def set(self, staff: Staff, form: SetLimits, reason: str | None) -> LimitsObject:
        """Set some limits, and give those with null back to the settings. Raises Invalid."""
        given = {name: value for name, value in form.limits.items() if value is not None}
        self._check(form.limits)
        details = {name: _show(value) for name, value in form.limits.items()}
        unit = self._actions.act(staff, "owner", "limits.set", reason=reason, details=details, users=[OPERATOR_ID])
        async with unit as tx:
            kept = {name: value for name, value in (await tx.limits.find_set()).items() if name not in form.limits}
            limits = kept | given
            await tx.limits.put(limits)
            changed = LimitsChanged(limits=limits)
            tx.announce(user_event(self._ids.next(), LIMITS_CHANGED, OPERATOR_ID, changed))
        return self.fetch()

    def _check(self, named: Mapping[str, LimitValue | None]) -> None:
        faults = []
        for name, value in named.items():
            try:
                self._current.check(name, value)
            except WrongLimit as error:
                faults.append(FieldError(("limits", name), "BASE_TYPE_INVALID", error.reason))
        if faults:
            raise Invalid(*faults)


def _show(value: LimitValue | None) -> str:
    return _BY_SETTINGS if value is None else msgspec.json.encode(value).decode()
