"""What the house asks of durable storage: one Protocol per aggregate, one `Store` that holds them.

Reads are methods of the aggregates. Relational writes happen in a unit of work:

    async with store.write() as tx:
        role = await tx.roles.update(role_id, {"name": "x"})
        tx.announce(role_updated(role))

The body runs alone (one writer), reads its own writes, and rolls back when it raises. When the `async with` has ended, the
rows and the announced events are durable together and the events have been handed to the bus, in commit order. Units of
concurrent callers share one commit. Only store calls may be awaited inside the body: it holds everybody else up.

Messages are no part of the unit of work, because the cluster keeps them elsewhere: each method of `MessageStore` is a
unit of its own and takes the envelopes that it announces.

`fetch_*` raises the domain's NotFound leaf, `find_*` returns None. `changes` map field names of the entity to new values.
Ids are ints, times Unix milliseconds.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from core.domain.application import Application
from core.domain.channel import Channel, Overwrite
from core.domain.guild import Guild, GuildSnapshot
from core.domain.login import LoginSnapshot
from core.domain.member import Ban, Invite, Member
from core.domain.message import AddedMessage, Message
from core.domain.role import Role
from core.domain.user import Account, AuthSession, User
from core.wire.envelope import Envelope

Changes = Mapping[str, Any]


class UserReader(Protocol):
    """Accounts and their logins."""

    async def find(self, user_id: int) -> User | None: ...

    async def find_many(self, user_ids: Collection[int]) -> dict[int, User]:
        """The users that exist, by id."""

    async def find_account(self, user_id: int) -> Account | None: ...

    async def find_account_by_email(self, email: str) -> Account | None:
        """By e-mail, compared without case."""

    async def find_by_username(self, username: str) -> User | None:
        """People only; usernames are unique without case, bots' are not."""

    async def find_auth_session(self, token_hash: bytes) -> AuthSession | None: ...

    async def list_auth_sessions(self, user_id: int) -> list[AuthSession]: ...


class LoginReader(Protocol):
    """Logins at the gateway."""

    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        """The logins that exist, by the hash of their token.

        Each is as of one instant, which is not before the call. Many cost hardly more than one.
        """


class UserWriter(UserReader, Protocol):
    async def create(self, account: Account) -> None:
        """Raises Invalid (fields username or email, code USERNAME_ALREADY_TAKEN / EMAIL_ALREADY_REGISTERED)."""

    async def create_many(self, accounts: Sequence[Account]) -> None:
        """Accounts in bulk, of which the caller knows that their names and addresses are free. Raises Conflict if not."""

    async def update(self, user_id: int, changes: Changes) -> Account:
        """`changes` may name fields of User, `email` and `password_hash`. Raises as `create`, and UnknownUser."""

    async def add_auth_session(self, session: AuthSession) -> None: ...

    async def add_auth_sessions(self, sessions: Sequence[AuthSession]) -> None: ...

    async def touch_auth_sessions(self, session_ids: Collection[int], now_ms: int) -> None:
        """Set `last_used_ms` of the logins that still exist."""

    async def delete_auth_session(self, session_id: int, user_id: int) -> None:
        """Raises UnknownSession."""

    async def delete_auth_sessions_of(self, user_id: int) -> list[int]:
        """All logins of a user (a bot whose token is reset); their ids."""


class ApplicationReader(Protocol):
    async def find(self, application_id: int) -> Application | None: ...

    async def find_by_bot(self, bot_id: int) -> Application | None: ...

    async def list_by_owner(self, owner_id: int) -> list[Application]: ...

    async def count_guilds(self, bot_id: int) -> int: ...

    async def list_in_guild(self, guild_id: int) -> list[Application]:
        """Those whose bots are members of the guild, by ascending id."""


class ApplicationWriter(ApplicationReader, Protocol):
    async def create(self, application: Application) -> None: ...

    async def update(self, application_id: int, changes: Changes) -> Application:
        """Raises UnknownApplication."""


class GuildReader(Protocol):
    """Guilds, with their roles and channels as one snapshot."""

    async def find(self, guild_id: int) -> Guild | None: ...

    async def load_snapshot(self, guild_id: int) -> GuildSnapshot | None:
        """Guild, roles, channels, member count and log position, read in one transaction."""

    async def list_of_user(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 200
    ) -> list[tuple[Guild, Member]]:
        """The user's guilds by ascending id (with `before`: the last `limit` below it, still ascending)."""

    async def list_ids_of_user(self, user_id: int) -> list[int]: ...

    async def find_by_vanity_code(self, code: str) -> Guild | None: ...

    async def count_vanity_uses(self, guild_id: int) -> int:
        """How often the guild's vanity code was used; 0 when there is no such guild."""


class GuildWriter(GuildReader, Protocol):
    async def create(self, guild: Guild) -> None: ...

    async def update(self, guild_id: int, changes: Changes) -> Guild:
        """Another `vanity_url_code` has no uses yet. Raises UnknownGuild; Invalid when the code is taken."""

    async def use_vanity_code(self, guild_id: int, code: str) -> None:
        """Adds one use. Raises UnknownInvite when the guild has another code, or none."""

    async def delete(self, guild_id: int) -> None:
        """With everything in it but the messages, which become unreachable. Raises UnknownGuild."""


class RoleWriter(Protocol):
    async def create(self, role: Role) -> None: ...

    async def find(self, role_id: int) -> Role | None: ...

    async def list_of_guild(self, guild_id: int) -> list[Role]: ...

    async def update(self, role_id: int, changes: Changes) -> Role:
        """Raises UnknownRole."""

    async def delete(self, role_id: int) -> None:
        """Takes it from members and overwrites too. Raises UnknownRole."""


class ChannelReader(Protocol):
    async def find(self, channel_id: int) -> Channel | None: ...

    async def find_direct(self, user_a: int, user_b: int) -> Channel | None:
        """The direct-message channel of two users."""

    async def list_direct(self, user_id: int) -> list[Channel]: ...


class ChannelWriter(ChannelReader, Protocol):
    async def create(self, channel: Channel) -> None: ...

    async def update(self, channel_id: int, changes: Changes) -> Channel:
        """Raises UnknownChannel."""

    async def put_overwrite(self, channel_id: int, overwrite: Overwrite) -> Channel: ...

    async def delete_overwrite(self, channel_id: int, overwrite_id: int) -> Channel:
        """Raises UnknownOverwrite."""

    async def delete(self, channel_id: int) -> None:
        """Children of a category keep existing without a parent. Raises UnknownChannel."""


class MemberReader(Protocol):
    async def find(self, guild_id: int, user_id: int) -> Member | None: ...

    async def find_many(self, guild_id: int, user_ids: Collection[int]) -> list[Member]: ...

    async def list_page(self, guild_id: int, *, after: int = 0, limit: int = 1000) -> list[Member]:
        """By ascending user id."""

    async def search(self, guild_id: int, prefix: str, limit: int) -> list[Member]:
        """Members whose nick, global name or username starts with `prefix`, without case; "" finds everybody.

        By ascending user id. When more than `limit` match, a small guild gives the first of them, a large one any.
        """

    async def count(self, guild_id: int) -> int:
        """How many there are: a number that is kept, whatever the guild's size."""

    async def count_by_role(self, guild_id: int) -> dict[int, int]: ...

    async def list_prunable(self, guild_id: int, *, inactive_since_ms: int, role_ids: Collection[int]) -> list[int]:
        """User ids of members without roles (besides `role_ids`) who were not seen since; never bots nor the owner."""

    async def list_temporary(self, user_id: int) -> list[int]:
        """Guild ids of the user's temporary memberships without roles; never guilds that the user owns."""


class MemberWriter(MemberReader, Protocol):
    async def add(
        self,
        guild_id: int,
        user_id: int,
        *,
        joined_ms: int,
        role_ids: Sequence[int] = (),
        is_temporary: bool = False,
    ) -> Member | None:
        """The new member, or None when the user is one already; still timed out when they left so. Raises UnknownUser."""

    async def add_many(self, added: Sequence[Member]) -> None:
        """Members in bulk, of which the caller knows that they are users and new to the guild. Raises Conflict if not."""

    async def update(self, guild_id: int, user_id: int, changes: Changes) -> Member:
        """`role_ids` replaces the whole set. Raises UnknownMember."""

    async def add_role(self, guild_id: int, user_id: int, role_id: int) -> Member: ...

    async def remove_role(self, guild_id: int, user_id: int, role_id: int) -> Member: ...

    async def remove(self, guild_id: int, user_id: int) -> Member:
        """Raises UnknownMember."""


class BanReader(Protocol):
    async def find(self, guild_id: int, user_id: int) -> Ban | None: ...

    async def list_page(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 1000
    ) -> list[Ban]:
        """By ascending user id (with `before`: the last `limit` below it, still ascending)."""


class BanWriter(BanReader, Protocol):
    async def put(self, guild_id: int, user_id: int, reason: str | None) -> bool:
        """Whether the ban is new. Raises UnknownUser."""

    async def delete(self, guild_id: int, user_id: int) -> None:
        """Raises UnknownBan."""


class InviteReader(Protocol):
    async def find(self, code: str) -> Invite | None: ...

    async def list_of_guild(self, guild_id: int) -> list[Invite]: ...

    async def list_of_channel(self, channel_id: int) -> list[Invite]: ...


class InviteWriter(InviteReader, Protocol):
    async def create(self, invite: Invite) -> None: ...

    async def count_use(self, code: str) -> Invite:
        """Adds one use. Raises UnknownInvite."""

    async def delete(self, code: str) -> Invite:
        """Raises UnknownInvite."""


class Transaction(Protocol):
    """One unit of work on the relational data."""

    users: UserWriter
    applications: ApplicationWriter
    guilds: GuildWriter
    roles: RoleWriter
    channels: ChannelWriter
    members: MemberWriter
    bans: BanWriter
    invites: InviteWriter

    def announce(self, *envelopes: Envelope) -> None:
        """Commit these events with the rows; they reach the bus in the order of the calls."""


class MessageStore(Protocol):
    """Messages by channel. Every method that changes something commits its envelopes with the rows."""

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Store a message, once per (author, channel, nonce) within an hour.

        Calls are committed, and their envelopes logged, in the order in which they were made: a caller that makes the id
        and calls `add` without awaiting in between gets dispatches in id order. When the nonce is known, the first message
        is answered with `is_new=False` and nothing is stored or announced.
        """

    async def find(self, channel_id: int, message_id: int) -> Message | None: ...

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Newest first, always. `after` gives the oldest `limit` ones above it; at most one of the three is set."""

    async def update(
        self,
        channel_id: int,
        message_id: int,
        changes: Changes,
        *,
        expected_version: int,
        envelopes: Sequence[Envelope],
    ) -> Message | None:
        """Apply an edit made against `expected_version`; None when the stored version differs (read again, try again).

        Raises:
            UnknownMessage: also when it was deleted meanwhile: an edit never resurrects.
        """

    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        """The ids that were there. Envelopes are announced when at least one was."""

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        """(channel id, message id) of an author's messages in a guild since then: what a ban deletes."""

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        """The newest message id ever sent in each channel; channels without messages are absent."""


class Store(Protocol):
    """Everything durable."""

    users: UserReader
    logins: LoginReader
    applications: ApplicationReader
    guilds: GuildReader
    channels: ChannelReader
    members: MemberReader
    bans: BanReader
    invites: InviteReader
    messages: MessageStore

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """A unit of work; see the module's text."""

    async def ping(self) -> None:
        """Raises Unavailable when the backend does not answer."""


class BlobStore(Protocol):
    """Files by name: avatars, icons, attachments. Names are `/`-separated, never start with `/` and never hold `..`."""

    async def put(self, name: str, data: bytes, content_type: str) -> None: ...

    async def find(self, name: str) -> bytes | None: ...

    async def delete(self, name: str) -> None:
        """No error when it is not there."""
