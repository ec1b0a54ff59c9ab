"""Instance staff and their tokens."""

from typing import Protocol

from core.domain.instance.staff import StaffMember, StaffToken


class StaffReader(Protocol):
    async def find(self, user_id: int) -> StaffMember | None: ...

    async def find_by_token(self, token_hash: bytes) -> tuple[StaffMember, StaffToken] | None:
        """Find the token, expired or not, and whose it is."""

    async def list_all(self) -> list[StaffMember]:
        """List the staff by ascending id."""

    async def list_tokens(self, user_id: int) -> list[StaffToken]:
        """List somebody's tokens by ascending id."""


class StaffWriter(StaffReader, Protocol):
    async def put(self, member: StaffMember) -> None:
        """Add somebody to the staff, or give another role; tokens stay. The user exists."""

    async def remove(self, user_id: int) -> None:
        """Remove somebody and their tokens. No error when there is nobody."""

    async def add_token(self, token: StaffToken) -> None: ...

    async def delete_token(self, token_id: int, user_id: int) -> None:
        """Raises UnknownStaffToken."""

    async def delete_tokens_of(self, user_id: int) -> None: ...
