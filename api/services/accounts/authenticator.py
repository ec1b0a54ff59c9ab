"""The authenticator finds the caller of an Authorization header, mostly from cache.

The cache is keyed by the token's hash, so it holds no secrets. The end of an auth session (`_SESSION_REVOKED`) and a
change of an account or of its application's privileges (`USER_UPDATE`) invalidate their entries, before the caller of
that change goes on.
"""

from typing import Final

from cachetools import LRUCache

from api.services.accounts.auth_session_uses import AuthSessionUses
from api.services.caller import Caller
from core.bus.interfaces import Bus, Delivery
from core.domain.application import OPENS_CONTENT
from core.domain.events import SESSION_REVOKED, USER_UPDATE
from core.domain.tokens import BOT_SCHEME, hash_token
from core.store.interfaces import Store

_CAPACITY: Final = 100_000


class Authenticator:
    """Finds callers by their tokens."""

    __slots__ = ("_callers", "_changes", "_hashes_of", "_store", "_uses")

    def __init__(self, *, store: Store, bus: Bus, uses: AuthSessionUses, capacity: int = _CAPACITY) -> None:
        self._store = store
        self._uses = uses
        self._callers: LRUCache[bytes, Caller] = LRUCache(capacity)
        self._hashes_of: dict[int, set[bytes]] = {}
        """The cached token hashes of each account, keyed by user id."""
        self._changes = 0
        """The number of invalidations. A caller that was loading during one is not cached."""
        bus.subscribe(self._on_delivery)

    @property
    def changes(self) -> int:
        """A number that rises when an auth session ends or an account changes. Found callers may be stale then."""
        return self._changes

    async def find(self, header: str) -> Caller | None:
        """Find the caller of the header. A bot's token needs the scheme `Bot`, and a person's must not have it."""
        token_hash = hash_token(header.removeprefix(BOT_SCHEME))
        return self._admit(header, self._callers.get(token_hash) or await self._load(token_hash))

    def find_known(self, header: str) -> Caller | None:
        """Find the caller of the header as `find` does, if its token has been seen before."""
        return self._admit(header, self._callers.get(hash_token(header.removeprefix(BOT_SCHEME))))

    def _admit(self, header: str, caller: Caller | None) -> Caller | None:
        if caller is None or caller.is_bot != header.startswith(BOT_SCHEME):
            return None
        self._uses.note(caller.auth_session_id)
        return caller

    def forget_all(self) -> None:
        """Forget all callers."""
        self._changes += 1
        self._callers.clear()
        self._hashes_of.clear()

    async def _load(self, token_hash: bytes) -> Caller | None:
        changes = self._changes
        session = await self._store.users.find_auth_session(token_hash)
        if session is None:
            return None
        user = await self._store.users.find(session.user_id)
        if user is None:
            return None
        sees_content = not user.bot or await self._sees_content(user.id)
        caller = Caller(user=user, auth_session_id=session.id, sees_content=sees_content)
        if changes == self._changes:
            self._keep(token_hash, caller)
        return caller

    async def _sees_content(self, bot_id: int) -> bool:
        application = await self._store.applications.find_by_bot(bot_id)
        return application is None or bool(application.flags & OPENS_CONTENT)

    def _keep(self, token_hash: bytes, caller: Caller) -> None:
        if token_hash not in self._callers and len(self._callers) >= self._callers.maxsize:
            unused_hash, unused = self._callers.popitem()
            self._forget(unused.user_id, unused_hash)
        self._callers[token_hash] = caller
        self._hashes_of.setdefault(caller.user_id, set()).add(token_hash)

    def _forget(self, user_id: int, token_hash: bytes) -> None:
        hashes = self._hashes_of.get(user_id)
        if hashes is not None:
            hashes.discard(token_hash)
            if not hashes:
                del self._hashes_of[user_id]

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event not in (SESSION_REVOKED, USER_UPDATE):
            return
        # The end of one auth session drops all of the account's: a reload is cheap, and no payload is parsed here.
        self._changes += 1
        for token_hash in self._hashes_of.pop(envelope.user_id, ()):
            self._callers.pop(token_hash, None)
