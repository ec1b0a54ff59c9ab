"""The limits that hold just now: those of the settings, until staff has set others (`/admin/limits`).

A process has one `CurrentLimits`. Whoever needs a limit now and then asks it; whoever makes something of limits follows
it. `api.services.administration.limits_keeper` keeps it as the database has it.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from core.runtime.settings.settings import FileSettings, LimitSettings, Settings

QUOTAS: Final = ("user_quota_bytes", "guild_quota_bytes", "waiting_uploads", "waiting_upload_bytes")
"""The limits of the section `files` that can be set while a server runs. Others decide how it is built."""
RATES: Final = LimitSettings.__struct_fields__

LimitValue = bool | int | float
LimitValues = Mapping[str, LimitValue]
"""Limits by the names of their settings, without the names of the sections."""


class WrongLimit(ValueError):
    """There is no such limit, or it cannot have such a value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class CurrentLimits:
    """What holds, and what the settings say."""

    __slots__ = ("_configured_files", "_configured_rates", "_followers", "changed", "files", "rates")

    def __init__(self, settings: Settings) -> None:
        self._configured_rates: Final = settings.limits
        self._configured_files: Final = settings.files
        self._followers: list[Callable[[], None]] = []
        self.rates = settings.limits
        """The rates that hold."""
        self.files = settings.files
        """The limits of files that hold, beside settings that never change."""
        self.changed: LimitValues = {}
        """What staff has set."""

    def follow(self, follower: Callable[[], None]) -> None:
        """Call this whenever limits have changed."""
        self._followers.append(follower)

    def check(self, name: str, value: LimitValue | None) -> None:
        """Raise WrongLimit when there is no such limit, or it cannot have this value. None is what the settings say."""
        if name not in RATES and name not in QUOTAS:
            raise WrongLimit(name, "there is no such limit that can be set while the server runs")
        if value is None:
            return
        section: type[LimitSettings | FileSettings] = LimitSettings if name in RATES else FileSettings
        try:
            msgspec.convert({name: value}, section)
        except msgspec.ValidationError as error:
            raise WrongLimit(name, str(error).partition(" - at ")[0]) from None

    def put(self, values: LimitValues) -> None:
        """Let these hold from now on, and for all other limits the settings. Raises WrongLimit, and changes nothing."""
        for name, value in values.items():
            self.check(name, value)
        rates = {name: value for name, value in values.items() if name in RATES}
        quotas = {name: value for name, value in values.items() if name in QUOTAS}
        self.rates = msgspec.structs.replace(self._configured_rates, **rates)
        self.files = msgspec.structs.replace(self._configured_files, **quotas)
        self.changed = dict(values)
        for follower in self._followers:
            follower()
