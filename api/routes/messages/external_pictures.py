"""Pictures of other servers that embeds show (`proxy_url`). The link is the proof, as with files."""

from collections.abc import Sequence
from typing import Final

from api.http.answers import Answer
from api.http.route import Route, get
from api.http.scope import Scope, Send, address_of
from api.services.previews.external_links import PATH
from api.services.previews.external_pictures import ExternalPicture, ExternalPictureService
from api.services.previews.kept_pictures import KeptPicture
from core.http.files import FileAnswer
from core.web.errors import WebError

_HEADERS: Final = (
    (b"cache-control", b"public, max-age=86400"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""Another server may put another picture at the same address, so a client asks again after a day."""


@get(f"{PATH}/{{signature}}/{{address}}", is_signed=True)
async def get_external_picture(
    scope: Scope, signature: str, address: str, external_pictures: ExternalPictureService
) -> Answer:
    """A picture of another server."""
    picture = await external_pictures.open(signature, address, address_of(scope))
    return _show(picture) if isinstance(picture, KeptPicture) else _stream(picture)


def _show(picture: KeptPicture) -> Answer:
    answer = FileAnswer(content_type=picture.content_type, etag=picture.etag, headers=_HEADERS)

    async def stream(scope: Scope, send: Send) -> None:
        await answer.send_source(scope, send, picture)

    return Answer.streamed(stream)


def _stream(picture: ExternalPicture) -> Answer:
    headers = [(b"content-type", picture.content_type.encode()), *_HEADERS]
    if picture.size_bytes is not None:
        headers.append((b"content-length", b"%d" % picture.size_bytes))

    async def stream(scope: Scope, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope["method"] != "HEAD":
                async for piece in picture.read():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})
        except WebError:
            return  # an answer without its end has the connection closed, so the client knows that it lacks something
        finally:
            await picture.close()

    return Answer.streamed(stream)


ROOT_ROUTES: Final[Sequence[Route]] = (get_external_picture,)
