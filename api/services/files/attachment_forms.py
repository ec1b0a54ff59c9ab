"""`attachments` of messages: which files a message has, and what is said of them.

An id names a file of the same request (`files[2]` has id 2), or, in an edit, one that the message has already. With
`uploaded_filename` it is a file that was uploaded ahead, and the id means nothing.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from api.forms.marks import text
from core.domain import texts
from core.domain.errors import FieldError, Invalid, LimitReached, invalid_field
from core.domain.messages.attachment import IS_SPOILER, SPOILER_PREFIX

MAX_ATTACHMENTS: Final = 10
IS_REMIX: Final = 1 << 2

_TOO_MANY: Final = (30015, f"Maximum number of attachments in a message reached ({MAX_ATTACHMENTS})")


class AttachmentForm(msgspec.Struct, kw_only=True):
    """An attachment of a request. What the server finds out itself (size, link, type) is accepted and ignored."""

    id: SnowflakeField | None = None
    filename: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    description: Annotated[str, text(texts.ATTACHMENT_DESCRIPTION)] | None = None
    title: Annotated[str, text(texts.ATTACHMENT_TITLE)] | None = None
    duration_secs: Annotated[float, Meta(ge=0, le=2**31 - 1)] | None = None
    waveform: Annotated[str, Meta(max_length=400)] | None = None
    is_spoiler: bool | None = None
    is_remix: bool | None = None
    uploaded_filename: Annotated[str, Meta(max_length=1024)] | None = None


class AttachmentDraft(msgspec.Struct, kw_only=True, frozen=True):
    """What a request says of one attachment."""

    place: int
    """In the request's list, for errors."""
    id: int | None = None
    upload_id: int | None = None
    """The file that was uploaded ahead."""
    filename: str | None = None
    description: str | None = None
    title: str | None = None
    duration_s: float | None = None
    waveform: str | None = None
    flags: int = 0

    def fail(self, field: str, code: str, text: str) -> Invalid:
        """Make an error that names a field of this attachment."""
        return invalid_field(("attachments", self.place, field), code, text)


def parse_attachments(forms: Sequence[AttachmentForm] | None) -> tuple[AttachmentDraft, ...]:
    """Check a list. Raises Invalid, and LimitReached for more than ten."""
    if not forms:
        return ()
    check_count(len(forms))
    errors: list[FieldError] = []
    drafts = tuple(_parse(place, form, errors) for place, form in enumerate(forms))
    if errors:
        raise Invalid(*errors)
    return drafts


def check_count(count: int) -> None:
    """Raise LimitReached for more files than a message may have."""
    if count > MAX_ATTACHMENTS:
        raise LimitReached(*_TOO_MANY)


def _parse(place: int, form: AttachmentForm, errors: list[FieldError]) -> AttachmentDraft:
    upload_id = None
    if form.uploaded_filename is not None:
        upload_id = parse_upload_name(form.uploaded_filename)
        if upload_id is None:
            errors.append(unknown_upload(place))
    elif form.id is None:
        errors.append(FieldError(("attachments", place, "id"), "BASE_TYPE_REQUIRED", "This field is required"))
    if form.waveform is not None and not _is_base64(form.waveform):
        wrong = ("STRING_TYPE_REGEX", "String value did not match validation regex.")
        errors.append(FieldError(("attachments", place, "waveform"), *wrong))
    is_spoiler = bool(form.is_spoiler) or (form.filename or "").startswith(SPOILER_PREFIX)
    return AttachmentDraft(
        place=place,
        id=form.id,
        upload_id=upload_id,
        filename=form.filename,
        description=form.description,
        title=form.title,
        duration_s=form.duration_secs,
        waveform=form.waveform,
        flags=(IS_SPOILER if is_spoiler else 0) | (IS_REMIX if form.is_remix else 0),
    )


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def unknown_upload(place: int) -> FieldError:
    """Make the error of an upload that is not there, or is not the sender's."""
    text = "No finished upload of yours to this channel has this name."
    return FieldError(("attachments", place, "uploaded_filename"), "ATTACHMENT_UPLOAD_NOT_FOUND", text)


def name_upload(file_id: int, filename: str) -> str:
    """Return the name by which a message takes an upload."""
    return f"{file_id}/{filename}"


def parse_upload_name(name: str) -> int | None:
    """Return the file that a name means, None for what is no name."""
    digits = name.partition("/")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
