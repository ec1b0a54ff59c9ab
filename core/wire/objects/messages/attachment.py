"""Attachments on the wire, and the links to upload files to."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.messages.attachment import Attachment

LinkTo = Callable[[int, Attachment], str]
"""Makes the link to a file, from its channel's id and itself."""


class AttachmentObject(msgspec.Struct, kw_only=True):
    """A file of a message (MessageAttachmentResponse). Its links are good for a time, and made anew each time."""

    id: str
    filename: str
    size: int
    url: str
    proxy_url: str
    content_type: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    duration_secs: float | UnsetType = UNSET
    waveform: str | UnsetType = UNSET
    flags: int | UnsetType = UNSET


class UploadObject(msgspec.Struct, kw_only=True):
    """A file that is to come: where its bytes go, and the name by which a message takes it."""

    id: int | str | None
    upload_url: str
    upload_filename: str


class UploadsObject(msgspec.Struct, kw_only=True):
    """The answer to a request for uploads."""

    attachments: list[UploadObject]


def render_attachment(channel_id: int, attachment: Attachment, link_to: LinkTo) -> AttachmentObject:
    """Return the attachment's object. The link to the file also serves thumbnails of it."""
    link = link_to(channel_id, attachment)
    return AttachmentObject(
        id=str(attachment.id),
        filename=attachment.filename,
        size=attachment.size,
        url=link,
        proxy_url=link,
        content_type=attachment.content_type or UNSET,
        title=UNSET if attachment.title is None else attachment.title,
        description=UNSET if attachment.description is None else attachment.description,
        width=attachment.width or UNSET,
        height=attachment.height or UNSET,
        duration_secs=UNSET if attachment.duration_s is None else attachment.duration_s,
        waveform=UNSET if attachment.waveform is None else attachment.waveform,
        flags=attachment.flags or UNSET,
    )


class RefreshedLink(msgspec.Struct, kw_only=True):
    """An old link, and the new one; None when there is none for this caller."""

    original: str
    refreshed: str | None


class RefreshedLinks(msgspec.Struct, kw_only=True):
    """The answer to a request for new links."""

    refreshed_urls: list[RefreshedLink]
