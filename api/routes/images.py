"""Stored pictures, at the paths that clients put together themselves. The routes stand beside `/api` and are public.

A picture is served as it was stored, or smaller when `size` asks for it. Its name is its hash, so it never changes.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.answers import Answer
from api.http.route import Route, get
from api.services.default_avatars import DefaultAvatars
from api.services.files.thumbnails import MAX_SIDE
from api.services.images import ImageService
from core.domain.errors import NotFound

_FOLDERS: Final = (
    "avatars",
    "banners",
    "icons",
    "splashes",
    "discovery-splashes",
    "role-icons",
    "app-icons",
    "channel-icons",
)

_HEADERS: Final = (
    ("Cache-Control", "public, max-age=31536000, immutable"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
)


Size = Annotated[int, Meta(ge=1, le=MAX_SIDE, description="The side of a square that the picture is fitted into")]


async def _answer(images: ImageService, folder: str, name: str, size: int | None) -> Answer:
    found = await images.find(folder, name, size or 0)
    if found is None:
        raise NotFound
    picture, content_type = found
    return Answer(picture, content_type=content_type, headers=_HEADERS)


def _declare_folder(folder: str) -> Route:
    @get(f"/{folder}/{{owner_id}}/{{name}}", is_public=True)
    async def get_image(owner_id: str, name: str, images: ImageService, size: Size | None = None) -> Answer:
        """A picture of a user, guild, role or application."""
        if not owner_id.isascii() or not owner_id.isdigit():
            raise NotFound
        return await _answer(images, f"{folder}/{owner_id}", name, size)

    return get_image


@get("/guilds/{guild_id}/users/{user_id}/{kind}/{name}", is_public=True)
async def get_member_image(
    guild_id: str, user_id: str, kind: str, name: str, images: ImageService, size: Size | None = None
) -> Answer:
    """A member's picture in one guild."""
    ids = guild_id + user_id
    if kind not in ("avatars", "banners") or not ids.isascii() or not ids.isdigit():
        raise NotFound
    return await _answer(images, f"guilds/{guild_id}/users/{user_id}/{kind}", name, size)


@get("/embed/avatars/{name}", is_public=True)
async def get_default_avatar(name: str, default_avatars: DefaultAvatars) -> Answer:
    """The picture of users without one: `0.png` to `5.png`."""
    number, _, extension = name.partition(".")
    is_named = extension == "png" and len(number) == 1 and number.isascii() and number.isdigit()
    picture = default_avatars.find(int(number)) if is_named else None
    if picture is None:
        raise NotFound
    return Answer(picture, content_type="image/png", headers=_HEADERS)


ROOT_ROUTES: Final[Sequence[Route]] = (*map(_declare_folder, _FOLDERS), get_member_image, get_default_avatar)
