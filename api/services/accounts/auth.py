"""Registration and auth sessions: an account is created, logs in and out, and lists and ends its auth sessions."""

import datetime as dt
import logging
import re
from collections.abc import Collection
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from api.forms.marks import text
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.accounts.registration_rule import RegistrationRule
from api.services.accounts.tokens import make_token
from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.ids import IdSource
from core.domain import texts
from core.domain.errors import FieldError, Invalid, UnknownSession, WrongAccountKind, invalid_field
from core.domain.events import SESSION_REVOKED
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.runtime.settings.current_limits import CurrentLimits
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.internal_events import SessionRevoked
from core.wire.objects.people.auth_session import ClientInfo, FirstSettings, LoginObject, SessionObject
from core.wire.objects.people.preferences import parse_user_settings
from core.wire.times import iso_time

logger = logging.getLogger(__name__)

Username = Annotated[str, text(texts.USERNAME)]
GlobalName = Annotated[str, text(texts.GLOBAL_NAME)]
Password = Annotated[str, Meta(min_length=8, max_length=128)]
Email = Annotated[str, Meta(min_length=3, max_length=320)]
SHOWN_CLIENT_LENGTH: Final = 200

MINIMUM_AGE_YEARS: Final = 13

_EMAIL: Final = re.compile(r"[^@\s\x00-\x20]+@[^@\s\x00-\x20]+")
_FORBIDDEN_IN_USERNAME: Final = re.compile("[@#:]|```")
_RESERVED_USERNAMES: Final = frozenset({"everyone", "here"})
DELETED_NAME: Final = "deleted_user_"
"""The begin of deleted accounts' names. Others have none, or they could keep an account from being deleted."""


class Registration(msgspec.Struct, kw_only=True):
    """POST /auth/register. Other fields of Discord's client (captcha, fingerprint) are ignored."""

    username: Username
    email: Email
    password: Password
    date_of_birth: str
    global_name: GlobalName | None = None
    invite: Annotated[str, Meta(max_length=100)] | None = None
    """The code of an invite, or one of the operator's, for a server that wants one."""
    consent: bool | None = None
    """Whether the person agrees to the server's terms. Clients that were not told of any leave it away."""


class Credentials(msgspec.Struct, kw_only=True):
    """POST /auth/login. `login` and `email` both take an e-mail address or a username."""

    login: Annotated[str, Meta(max_length=320)] | None = None
    email: Annotated[str, Meta(max_length=320)] | None = None
    password: Annotated[str, Meta(max_length=1024)]


class Origin(msgspec.Struct, kw_only=True, frozen=True):
    """The origin of a request."""

    address: str
    user_agent: str


class AuthService:
    """Writes accounts and auth sessions. The end of an auth session is announced, so that its connections end too."""

    __slots__ = ("_clock", "_ids", "_limits", "_passwords", "_random", "_rule", "_store")

    def __init__(
        self,
        *,
        store: Store,
        ids: IdSource,
        clock: Clock,
        random: Randomness,
        passwords: PasswordAttempts,
        rule: RegistrationRule,
        current_limits: CurrentLimits,
    ) -> None:
        self._store = store
        self._ids = ids
        self._clock = clock
        self._random = random
        self._passwords = passwords
        self._rule = rule
        self._limits = current_limits

    async def register(self, form: Registration, origin: Origin) -> LoginObject:
        """Make an account and log it in.

        Raises:
            Invalid: with every wrong field, or because the operator's rule lets nobody in without an invite.
        """
        check_registration(form, self._clock.now_ms())
        invite = await self._rule.check(form.invite)
        password_hash = await self._passwords.hash(form.password)
        user = User(id=self._ids.next(), username=form.username, global_name=form.global_name)
        account = Account(user=user, email=form.email, password_hash=password_hash, birth_date=form.date_of_birth)
        async with self._store.write(users=[user.id]) as tx:
            if invite is not None:
                await self._rule.use(tx, invite)
            await tx.users.create(account)
            made = await self._add_session(tx, user.id, origin)
        logger.info("account registered", extra={"user_id": user.id, "address": origin.address})
        return made

    async def log_in(self, form: Credentials, origin: Origin) -> LoginObject:
        """Begin an auth session.

        Raises:
            Invalid: alike for an unknown account and a wrong password. Another one, when the password is right and the
                account suspended. RateLimited.
        """
        typed = form.login or form.email or ""
        while True:
            account = await self._find_account(typed)
            is_right = await self._passwords.is_right(account, form.password, typed=typed, address=origin.address)
            if not is_right or account is None or account.password_hash is None:
                raise _wrong_login()
            renewed = await self._passwords.renew(account.password_hash, form.password)
            async with self._store.write(users=[account.user.id]) as tx:
                # An auth session by the old password must not outlive its change. A renewed hash is verified again.
                present = await tx.users.find_account(account.user.id)
                if present is not None and present.password_hash == account.password_hash:
                    return await self._log_in_now(tx, account.user.id, origin, renewed)

    async def _log_in_now(self, tx: Transaction, user_id: int, origin: Origin, renewed: str | None) -> LoginObject:
        """Write an auth session. `renewed` is the password's hash at the present cost, if the old one had another."""
        if await tx.suspensions.find(user_id) is not None:
            raise Invalid(FieldError(("login",), "ACCOUNT_DISABLED", "This account is suspended."))
        if renewed is not None:
            await tx.users.update(user_id, {"password_hash": renewed})
        await self._end_oldest(tx, user_id)
        return await self._add_session(tx, user_id, origin)

    async def log_out(self, caller: Caller) -> None:
        """End the request's own auth session."""
        if caller.is_bot:
            raise WrongAccountKind
        async with self._store.write(users=[caller.user_id]) as tx:
            await self._end(tx, caller.user_id, caller.auth_session_id)

    async def list_sessions(self, caller: Caller) -> list[SessionObject]:
        """Return the caller's auth sessions, newest first."""
        if caller.is_bot:
            raise WrongAccountKind
        sessions = await self._store.users.list_auth_sessions(caller.user_id)
        sessions.sort(key=lambda session: session.id, reverse=True)
        return [render_session(session, is_current=session.id == caller.auth_session_id) for session in sessions]

    async def end_sessions(self, caller: Caller, session_ids: Collection[int]) -> None:
        """End auth sessions of the caller, all or none. Raises UnknownSession."""
        if caller.is_bot:
            raise WrongAccountKind
        async with self._store.write(users=[caller.user_id]) as tx:
            for session_id in set(session_ids):
                await self._end(tx, caller.user_id, session_id)

    async def _find_account(self, login: str) -> Account | None:
        if "@" in login:
            return await self._store.users.find_account_by_email(login)
        user = await self._store.users.find_by_username(texts.USERNAME.clean(login))
        return None if user is None else await self._store.users.find_account(user.id)

    async def _add_session(self, tx: Transaction, user_id: int, origin: Origin) -> LoginObject:
        now_ms = self._clock.now_ms()
        token = make_token(user_id, now_ms, self._random)
        await tx.users.add_auth_session(
            AuthSession(
                id=self._ids.next(),
                user_id=user_id,
                token_hash=hash_token(token),
                created_ms=now_ms,
                last_used_ms=now_ms,
                user_agent=origin.user_agent[:SHOWN_CLIENT_LENGTH],
                address=origin.address,
            )
        )
        settings = parse_user_settings((await tx.preferences.find_settings(user_id)).changed)
        shown = FirstSettings(locale=settings.locale, theme=settings.theme)
        return LoginObject(token=token, user_id=str(user_id), user_settings=shown)

    async def _end_oldest(self, tx: Transaction, user_id: int) -> None:
        """End the oldest auth sessions to make room for a new one, so that forgotten ones lock nobody out."""
        sessions = await tx.users.list_auth_sessions(user_id)
        surplus = len(sessions) - self._limits.rates.sessions_per_user + 1
        for session in sorted(sessions, key=lambda session: session.id)[: max(0, surplus)]:
            await self._end(tx, user_id, session.id)

    async def _end(self, tx: Transaction, user_id: int, session_id: int) -> None:
        await tx.users.delete_auth_session(session_id, user_id)
        tx.announce(revocation(self._ids.next(), user_id, session_id))


def revocation(envelope_id: int, user_id: int, session_id: int) -> Envelope:
    """Make the event that an auth session has ended."""
    return user_event(envelope_id, SESSION_REVOKED, user_id, SessionRevoked(auth_session_id=str(session_id)))


def check_registration(form: Registration, now_ms: int) -> None:
    """Check name, address, age and consent. Raises Invalid with every wrong field."""
    errors = list(find_username_errors(form.username))
    errors.extend(find_email_errors(form.email))
    errors.extend(_find_birth_date_errors(form.date_of_birth, now_ms))
    if form.consent is False:
        errors.append(FieldError(("consent",), "CONSENT_REQUIRED", "You must agree to the terms of this server."))
    if errors:
        raise Invalid(*errors)


def _find_birth_date_errors(text: str, now_ms: int) -> list[FieldError]:
    path = ("date_of_birth",)
    try:
        born = dt.date.fromisoformat(text)
    except ValueError:
        return [FieldError(path, "DATE_TYPE_PARSE", "Could not parse. Should be ISO8601 (YYYY-MM-DD).")]
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    if compute_age_years(born, today) < MINIMUM_AGE_YEARS:
        text = f"You need to be {MINIMUM_AGE_YEARS} or older to use this server."
        return [FieldError(path, "DATE_OF_BIRTH_UNDERAGE", text)]
    return []


def find_username_errors(username: str) -> list[FieldError]:
    """Find the faults of a username that its text rule allows. Letters of all scripts are fine."""
    name = username.casefold()
    if name in _RESERVED_USERNAMES or name.startswith(DELETED_NAME) or _FORBIDDEN_IN_USERNAME.search(username):
        return [
            FieldError(("username",), "USERNAME_INVALID_CONTAINS", "Username contains what usernames may not contain.")
        ]
    return []


def find_email_errors(email: str) -> list[FieldError]:
    """Find the faults of an e-mail address. Only a mail can tell whether it exists."""
    if _EMAIL.fullmatch(email):
        return []
    return [FieldError(("email",), "EMAIL_TYPE_INVALID_EMAIL", "Not a well formed email address.")]


def compute_age_years(born: dt.date, today: dt.date) -> int:
    """Compute full years. A birthday on 29 February is on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def parse_session_ids(given: Collection[Any]) -> list[int]:
    """Parse session ids as `list_sessions` shows them. Raises UnknownSession for a malformed one."""
    ids = []
    for item in given:
        text = str(item)
        if not text.isascii() or not text.isdigit() or len(text) > 19:
            raise UnknownSession
        ids.append(int(text))
    if not ids:
        raise invalid_field("session_id_hashes", "BASE_TYPE_REQUIRED", "This field is required")
    return ids


def render_session(session: AuthSession, *, is_current: bool) -> SessionObject:
    """Render an auth session for its account, or for staff."""
    last_used = iso_time(session.last_used_ms)
    return SessionObject(
        id=str(session.id),
        id_hash=str(session.id),
        approx_last_used_time=last_used,
        last_seen=last_used,
        last_seen_ip=session.address or None,
        last_seen_location=session.address or None,
        created_at=iso_time(session.created_ms),
        is_current=is_current,
        client_info=ClientInfo(platform=session.user_agent or None, location=session.address or None),
    )


def _wrong_login() -> Invalid:
    """Make the error, which is the same for an unknown account and a wrong password."""
    wrong = ("INVALID_LOGIN", "Login or password is invalid.")
    return Invalid(FieldError(("login",), *wrong), FieldError(("password",), *wrong))
