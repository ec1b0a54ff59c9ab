"""Files: uploads ahead of their messages, downloads by links, and new links for old ones.

Downloads stand beside `/api`, where clients expect them. Their links are the proof, so they need no token and count for
no limit of requests.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.forms.form import SnowflakeField
from api.http.answers import Answer
from api.http.body import Body
from api.http.parameters import SnowflakePath, WireName
from api.http.route import Route, delete, get, post, put
from api.http.scope import Scope, Send, find_header
from api.services.caller import Caller
from api.services.files.downloads import DownloadService, Link, Wish, shown_type_of
from api.services.files.link_refresh import LinkRefreshService, RefreshForm
from api.services.files.uploads import UPLOAD_PATH, UploadService, UploadsForm
from core.domain.messages.attachment import StoredFile
from core.http.files import FileAnswer
from core.store.blob.interfaces import OpenBlob
from core.wire.objects.messages.attachment import RefreshedLinks, UploadsObject

_SAVED: Final = "application/octet-stream"
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
    ),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_DIGITS: Final = re.compile(r"[0-9]{1,18}")

Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{1,64}$")]
Side = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class UploadsToChannel(UploadsForm, kw_only=True):
    """Body of the second address, which names the channel inside."""

    channel_id: SnowflakeField


@post("/channels/{channel_id}/attachments", answer=UploadsObject)
async def announce_uploads(
    channel_id: SnowflakePath, data: UploadsForm, caller: Caller, uploads: UploadService
) -> UploadsObject:
    """Links to upload files to, which a message can then have."""
    return UploadsObject(attachments=await uploads.announce(caller.user_id, channel_id, data.files))


@post("/files/upload-url", answer=UploadsObject)
async def announce_uploads_to_channel(data: UploadsToChannel, caller: Caller, uploads: UploadService) -> UploadsObject:
    """The same, with the channel in the body."""
    return UploadsObject(attachments=await uploads.announce(caller.user_id, data.channel_id, data.files))


@put(f"{UPLOAD_PATH}/{{file_id}}", is_signed=True)
async def receive_upload(
    file_id: SnowflakePath,
    content: Body,
    uploads: UploadService,
    scope: Scope,
    ex: Hex,
    is_: Annotated[Hex, WireName("is")],
    hm: Hex,
) -> dict[str, str]:
    """The bytes of a file that was announced."""
    length = find_header(scope, b"content-length")
    size = int(length) if _DIGITS.fullmatch(length) else None
    await uploads.receive(file_id, (ex, is_, hm), size, content.chunks())
    return {}


@delete("/attachments/{file_id}/{filename}", status=204)
async def cancel_upload(file_id: SnowflakePath, filename: str, caller: Caller, uploads: UploadService) -> None:
    """Remove an upload that no message has."""
    await uploads.cancel(caller.user_id, f"{file_id}/{filename}")


@post("/attachments/refresh-urls", answer=RefreshedLinks)
async def refresh_links(data: RefreshForm, caller: Caller, link_refresh: LinkRefreshService) -> RefreshedLinks:
    """New links for files that the caller may see."""
    return RefreshedLinks(refreshed_urls=await link_refresh.refresh(caller.user_id, data.attachment_urls))


@get("/attachments/{channel_id}/{file_id}/{filename}", is_signed=True)
async def get_attachment(  # noqa: PLR0913 - the link has so many parts
    channel_id: SnowflakePath,
    file_id: SnowflakePath,
    filename: str,
    *,
    downloads: DownloadService,
    ex: str = "",
    is_: Annotated[str, WireName("is")] = "",
    hm: str = "",
    width: Side | None = None,
    height: Side | None = None,
    format_: Annotated[str, WireName("format")] = "",
    quality: str = "",
    animated: bool = False,
) -> Answer:
    """A message's file, or a smaller picture of it."""
    link = Link(ex, is_, hm)
    file = await downloads.find(channel_id, file_id, filename, link)
    wish = Wish(width=width or 0, height=height or 0, format=format_, quality=quality, is_animated=animated)
    caching = ("Cache-Control", f"public, max-age={downloads.find_age_s(link)}, immutable")
    thumbnail = await downloads.make_thumbnail(file, wish)
    if thumbnail is not None:
        return Answer(thumbnail.data, content_type=thumbnail.content_type, headers=(caching, *_HEADERS))
    return _stream(file, filename, await downloads.open(file), (caching, *_HEADERS))


def _stream(file: StoredFile, filename: str, blob: OpenBlob, headers: Sequence[tuple[str, str]]) -> Answer:
    shown = shown_type_of(file)
    answer = FileAnswer(
        content_type=shown or _SAVED,
        etag=f"{file.id:x}-{blob.size_bytes:x}",
        filename=filename,
        is_attachment=shown is None,
        headers=tuple((name.lower().encode(), value.encode()) for name, value in headers),
    )

    async def stream(scope: Scope, send: Send) -> None:
        try:
            if blob.file is not None:
                await answer.send(scope, send, blob.file)
            else:
                await answer.send_source(scope, send, blob)
        finally:
            blob.close()

    return Answer.streamed(stream)


ROUTES: Final[Sequence[Route]] = (
    announce_uploads,
    announce_uploads_to_channel,
    receive_upload,
    cancel_upload,
    refresh_links,
)
ROOT_ROUTES: Final[Sequence[Route]] = (get_attachment,)
