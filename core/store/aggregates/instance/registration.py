"""Who may register, as staff has set it, and invites to register."""

from typing import Protocol

from core.domain.instance.registration import RegistrationInvite, RegistrationMode


class RegistrationReader(Protocol):
    async def find_mode(self) -> RegistrationMode | None:
        """Return the mode that staff has set; None when the settings say it."""

    async def find_invite(self, code: str) -> RegistrationInvite | None: ...

    async def list_invites(self) -> list[RegistrationInvite]:
        """List the invites, oldest first."""


class RegistrationWriter(RegistrationReader, Protocol):
    async def set_mode(self, mode: RegistrationMode | None) -> None: ...

    async def create_invite(self, invite: RegistrationInvite) -> None: ...

    async def use_invite(self, code: str, now_ms: int) -> bool:
        """Count a use of an invite that is good, and tell whether it was one."""

    async def delete_invite(self, code: str) -> None:
        """Raises UnknownInvite."""
