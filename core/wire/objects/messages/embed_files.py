"""Pictures of embeds that are files of their own message: `attachment://name` stands for a file's link.

The name stays in the stored embed, since links are good for a time and made anew whenever the message is shown. A file
that an embed shows is left out of the message's attachments. Whoever sends shown embeds back in an edit sends links: of
these the names are made again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import UnsetType

from core.domain.messages.attachment import Attachment
from core.wire.objects.messages.attachment import AttachmentObject
from core.wire.objects.messages.embed import Embed, EmbedAuthor, EmbedFooter, EmbedMedia

SCHEME: Final = "attachment://"
_MARK: Final = SCHEME.encode()

_decode: Final = msgspec.json.Decoder(list[Embed]).decode
_encode: Final = msgspec.json.Encoder().encode


def show_embed_files(
    embeds: msgspec.Raw, attachments: Sequence[AttachmentObject]
) -> tuple[msgspec.Raw, list[AttachmentObject]]:
    """Return a JSON list of embeds with links to the files that they name, and the files that none of them names.

    A name that no file has stays as it is.
    """
    if _MARK not in bytes(embeds).lower():
        return embeds, list(attachments)
    files = {name: each for each in reversed(attachments) for name in _names_of(each)}
    decoded, shown = _decode(embeds), set()
    for embed in decoded:
        for medium in _list_media(embed):
            if file := _find_named(medium.url, files):
                _show_medium(medium, file)
                shown.add(file.id)
        for part in _list_parts(embed):
            if file := _find_named(part.icon_url, files):
                part.icon_url, part.proxy_icon_url = file.url, file.proxy_url
                shown.add(file.id)
    return msgspec.Raw(_encode(decoded)), [each for each in attachments if each.id not in shown]


def name_embed_files(embeds: msgspec.Raw, channel_id: int, attachments: Iterable[Attachment]) -> msgspec.Raw:
    """Return a JSON list of embeds in which links to the files of their own message are names again."""
    paths = {f"/attachments/{channel_id}/{each.id}/": each.filename for each in attachments}
    if not paths or b"/attachments/" not in bytes(embeds):
        return embeds
    decoded = _decode(embeds)
    for embed in decoded:
        for medium in _list_media(embed):
            medium.url = _name_again(medium.url, paths)
        for part in _list_parts(embed):
            if isinstance(part.icon_url, str):
                part.icon_url = _name_again(part.icon_url, paths)
    return msgspec.Raw(_encode(decoded))


def _list_media(embed: Embed) -> Iterator[EmbedMedia]:
    for medium in (embed.image, embed.thumbnail):
        if not isinstance(medium, UnsetType):
            yield medium


def _list_parts(embed: Embed) -> Iterator[EmbedAuthor | EmbedFooter]:
    for part in (embed.author, embed.footer):
        if not isinstance(part, UnsetType):
            yield part


def _names_of(file: AttachmentObject) -> Iterator[str]:
    """Yield the name of a file, and the one under which it was sent."""
    if isinstance(file.title, str):
        yield file.title
    yield file.filename


def _find_named(url: str | UnsetType, files: dict[str, AttachmentObject]) -> AttachmentObject | None:
    if isinstance(url, UnsetType) or not url.lower().startswith(SCHEME):
        return None
    name = url[len(SCHEME) :]
    return files.get(name) or files.get(unquote(name))


def _show_medium(medium: EmbedMedia, file: AttachmentObject) -> None:
    medium.url, medium.proxy_url = file.url, file.proxy_url
    medium.width, medium.height, medium.content_type = file.width, file.height, file.content_type


def _name_again(url: str, paths: dict[str, str]) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return url
    for beginning, filename in paths.items():
        if path.startswith(beginning):
            return f"{SCHEME}{filename}"
    return url
