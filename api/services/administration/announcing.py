"""Announcements: messages of the server itself, in direct channels with those whom instance staff names.

They come from an account of the server's own, which Discord's clients show as an official one (SYSTEM). It is made
with the first announcement, has no password and no address, and nobody can write to it.
"""

from collections.abc import Sequence
from typing import Final

from api.services.administration.administration_forms import SendAnnouncement
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from api.services.channels.direct_channels import DirectChannelService
from api.services.directs.direct_sends import DirectSends
from api.services.messages.system_messages import SystemMessages
from core.domain.errors import Invalid
from core.domain.messages.message import MessageType
from core.domain.people.user import SYSTEM_FLAG, SYSTEM_USER_ID, Account, User
from core.runtime.randomness import Randomness
from core.store.interfaces import Store
from core.wire.objects.administration import SentAnnouncement

_USERNAME: Final = "system"
_SUFFIX_BYTES: Final = 3
"""Enough for a name that nobody has, where a person has taken the usual one."""


class Announcing:
    """Sends announcements. `name` is what clients show as their author."""

    __slots__ = ("_actions", "_directs", "_messages", "_name", "_random", "_sends", "_store")

    def __init__(
        self,
        *,
        store: Store,
        actions: StaffActions,
        directs: DirectChannelService,
        sends: DirectSends,
        messages: SystemMessages,
        random: Randomness,
        name: str,
    ) -> None:
        self._store = store
        self._actions = actions
        self._directs = directs
        self._sends = sends
        self._messages = messages
        self._random = random
        self._name = name

    async def send(self, staff: Staff, form: SendAnnouncement, reason: str | None) -> SentAnnouncement:
        """Send a text to each of these people. Bots and accounts that do not exist are passed over, and named.

        The log has the announcement before the first message is sent.
        """
        author = await self._find_author() or await self._make_author()
        people = await self._list_people(form.user_ids)
        details = {"content": form.content, "recipients": str(len(people))}
        async with self._actions.act(staff, "owner", "announcement.send", reason=reason, details=details):
            pass
        for user_id in people:
            await self._send(author, user_id, form.content)
        passed_over = [str(user_id) for user_id in form.user_ids if user_id not in people]
        return SentAnnouncement(sent=len(people), passed_over=passed_over)

    async def _list_people(self, user_ids: Sequence[int]) -> list[int]:
        found = await self._store.users.find_many(user_ids)
        return [each for each in user_ids if each in found and not found[each].bot and each != SYSTEM_USER_ID]

    async def _send(self, author: User, user_id: int, content: str) -> None:
        channel = await self._directs.ensure(author, user_id)
        await self._sends.open_for(channel.id, [user_id])
        await self._messages.write(channel.id, MessageType.DEFAULT, author, content=content)
        await self._sends.open_for(channel.id, [user_id])  # who has closed it meanwhile

    async def _find_author(self) -> User | None:
        return await self._store.users.find(SYSTEM_USER_ID)

    async def _make_author(self) -> User:
        try:
            return await self._create(_USERNAME)
        except Invalid:
            found = await self._find_author()  # another request may have been faster
            return found or await self._create(f"{_USERNAME}_{self._random.token_hex(_SUFFIX_BYTES)}")

    async def _create(self, username: str) -> User:
        user = User(id=SYSTEM_USER_ID, username=username, global_name=self._name[:32], flags=SYSTEM_FLAG)
        async with self._store.write(users=[SYSTEM_USER_ID]) as tx:
            known = await tx.users.find(SYSTEM_USER_ID)
            if known is not None:
                return known
            await tx.users.create(Account(user=user))
        return user
