"""`guildway demo --members N`: a guild with very many members, written into the data folder of a stopped server.

Half a million registrations over REST would take hours, so the command opens the store as the server does, and writes
in bulk. The folder's lock excludes a running server. Each run makes a new guild with new people. Only the owner has a
password. `--logins` makes tokens of other members, which go to a file in the folder.
"""

import json
import random
import secrets
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from api.services.accounts.passwords import Passwords
from api.services.accounts.tokens import make_token
from core.domain.guilds.member import Member
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.runtime.data_dir import DataDir
from core.runtime.errors import StartError
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import ApiSettings, StoreSettings
from core.store.interfaces import Store
from core.store.node_ids import NodeIds
from guildway.data.data_files import DataFiles
from guildway.demonstration.crowd import IDS_OF_A_GUILD, MAX_MEMBERS, Plan, make_people, plan_guild
from guildway.processes.embedded_ground import open_ids, open_store

_BATCH: Final = 10_000
"""The people of one unit of work: enough that the commits cost little, and few enough for memory."""


async def run_crowd_demo(settings: StoreSettings, *, members: int, logins: int, clock: Clock, out: TextIO) -> None:
    """Write the guild, and print how to get in. `members` includes the owner; `logins` does not. Raises StartError."""
    if not 1 <= members <= MAX_MEMBERS or not 0 <= logins < members:
        raise StartError(f"--members must be in 1..{MAX_MEMBERS}, and --logins below it")
    folder = DataDir(Path(settings.data_dir))
    try:
        DataFiles.in_folder(folder.path).refuse_unfinished()
        store = await open_store(folder, settings, clock)
        try:
            ids = await open_ids(store, clock)
            try:
                await _Crowd(store=store, ids=ids, clock=clock, folder=folder.path, out=out).write(members, logins)
            finally:
                await ids.close()
        finally:
            await store.close()
    finally:
        folder.close()


class _Crowd:
    """A run of the command, with its store and its source of ids."""

    __slots__ = ("_clock", "_folder", "_ids", "_out", "_store")

    def __init__(self, *, store: Store, ids: NodeIds, clock: Clock, folder: Path, out: TextIO) -> None:
        self._store = store
        self._ids = ids
        self._clock = clock
        self._folder = folder
        self._out = out

    async def write(self, members: int, logins: int) -> None:
        """Write the guild, its owner and its people, in units of work of bounded size."""
        ids = [self._ids.next() for _ in range(1 + IDS_OF_A_GUILD)]
        plan = plan_guild(ids[1:], owner_id=ids[0])
        password = secrets.token_urlsafe(12)
        owner = await self._make_owner(ids[0], password)
        await self._write_guild(plan, owner)
        source = random.Random(plan.guild.id)  # noqa: S311 - names, not secrets
        people = make_people(members - 1, plan=plan, now_ms=self._clock.now_ms(), source=source)
        tokens = [self._log_in(owner.user.id)]
        while batch := list(islice(people, _BATCH)):
            entering = batch[: max(0, logins + 1 - len(tokens))]
            tokens += [self._log_in(account.user.id) for account, _ in entering]
            await self._write_people(batch, [session for _, session in tokens[len(tokens) - len(entering) :]])
        await self._write_people([], [tokens[0][1]])
        self._tell(plan, owner, password, members, [token for token, _ in tokens])

    async def _make_owner(self, user_id: int, password: str) -> Account:
        cost = ApiSettings()
        passwords = Passwords(memory_kib=cost.password_memory_kib, passes=cost.password_passes)
        password_hash = await passwords.hash(password)
        passwords.close()
        username = f"keeper{user_id}"
        user = User(id=user_id, username=username, global_name="The Keeper")
        email = f"{username}@example.org"
        return Account(user=user, email=email, password_hash=password_hash, birth_date="1990-12-10")

    async def _write_guild(self, plan: Plan, owner: Account) -> None:
        async with self._store.write(users=[owner.user.id], guilds=[plan.guild.id]) as tx:
            await tx.users.create(owner)
            await tx.guilds.create(plan.guild)
            for role in plan.roles:
                await tx.roles.create(role)
            for channel in plan.channels:
                await tx.channels.create(channel)
            await tx.members.add(plan.guild.id, owner.user.id, joined_ms=self._clock.now_ms())

    async def _write_people(self, people: Sequence[tuple[Account, Member]], sessions: Sequence[AuthSession]) -> None:
        async with self._store.write(guilds={member.guild_id for _, member in people}) as tx:
            await tx.users.create_many([account for account, _ in people])
            await tx.members.add_many([member for _, member in people])
            await tx.users.add_auth_sessions(sessions)

    def _log_in(self, user_id: int) -> tuple[str, AuthSession]:
        now_ms = self._clock.now_ms()
        token = make_token(user_id, now_ms, SYSTEM_RANDOMNESS)
        return token, AuthSession(
            id=self._ids.next(),
            user_id=user_id,
            token_hash=hash_token(token),
            created_ms=now_ms,
            last_used_ms=now_ms,
            user_agent="guildway demo",
        )

    def _tell(self, plan: Plan, owner: Account, password: str, members: int, tokens: Sequence[str]) -> None:
        path = self._folder / f"crowd-{plan.guild.id}.json"
        made = {
            "guild_id": str(plan.guild.id),
            "members": members,
            "channels": {channel.name: str(channel.id) for channel in plan.channels},
            "tokens": tokens,
        }
        # Tokens are as good as passwords: the file is for its owner alone on a shared machine.
        path.touch(mode=0o600)
        path.write_text(json.dumps(made, indent=1), encoding="utf-8")
        self._out.write(
            f"Made the guild {plan.guild.name!r} ({plan.guild.id}) with {members:,} members. Its owner:\n\n"
            f"  {owner.email} password {password}\n\n"
            f"Ids and tokens of the owner and of {len(tokens) - 1} members are in {path}\n"
        )
