"""New links for old ones, for who may still read the channel that the file is in."""

import re
from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from api.services.entity_cache import EntityCache
from api.services.files.file_links import FileLinks, path_of
from core.domain.errors import Forbidden, NotFound
from core.domain.guilds.permissions import Permission
from core.domain.messages.attachment import FileState
from core.store.interfaces import Store
from core.wire.objects.messages.attachment import RefreshedLink

_PATH: Final = re.compile(r"(?:/[^/]+)*?/attachments/([0-9]{1,19})/([0-9]{1,19})/([^/]+)")
_READ: Final = int(Permission.READ_MESSAGE_HISTORY)
MAX_LINKS: Final = 50


class RefreshForm(msgspec.Struct, kw_only=True):
    """Body of a request for new links."""

    attachment_urls: Annotated[list[Annotated[str, Meta(max_length=2048)]], Meta(min_length=1, max_length=MAX_LINKS)]


class LinkRefreshService:
    """Makes links anew."""

    __slots__ = ("_entities", "_links", "_store")

    def __init__(self, *, entities: EntityCache, store: Store, links: FileLinks) -> None:
        self._entities = entities
        self._store = store
        self._links = links

    async def refresh(self, user_id: int, urls: Sequence[str]) -> list[RefreshedLink]:
        """Return a new link for each; None for what is no link of this server, or of a file the user may not see."""
        return [RefreshedLink(original=url, refreshed=await self._refresh(user_id, url)) for url in urls]

    async def _refresh(self, user_id: int, url: str) -> str | None:
        try:
            match = _PATH.fullmatch(urlsplit(url).path)
        except ValueError:
            return None
        if match is None:
            return None
        channel_id, file_id, filename = int(match[1]), int(match[2]), unquote(match[3])
        file = await self._store.files.find(file_id)
        if file is None or file.channel_id != channel_id or file.state != FileState.USED or "/" in filename:
            return None
        try:
            access = await self._entities.text_access(user_id, channel_id)
        except (NotFound, Forbidden):
            return None
        return self._links.sign(path_of(channel_id, file_id, filename)) if access.has(_READ) else None
