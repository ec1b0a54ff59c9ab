"""The files that a message is sent or edited with, from the request to the message's row.

```
 files of the request ─ examine ─ add rows (CLAIMED) ─ store bytes ─┐
                                                                    ├─ Attachment… ─ the message is stored ─ use
 files uploaded ahead ─ claim (CLAIMED) ────────────────────────────┘
```

When the message is not stored, the request's own files are removed, and those that were uploaded ahead may be used
again. When that is not known, or the process dies, the sweep looks whether a message has them.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from api.services.access import ChannelAccess
from api.services.entity_cache import EntityCache
from api.services.files.attached_files import AttachedFiles
from api.services.files.attachment_forms import AttachmentDraft, check_count, unknown_upload
from api.services.files.file_rows import FileRows
from api.services.files.filenames import clean_filename
from api.services.files.incoming_files import ATTACH_FILES, IncomingFile, IncomingFiles
from api.services.files.stored_files import StoredFiles
from core.domain.errors import Invalid
from core.domain.messages.attachment import IS_SPOILER, SPOILER_PREFIX, Attachment, FileState, StoredFile
from core.store.interfaces import Store

NO_DRAFT: Final = AttachmentDraft(place=0)


class _Target(msgspec.Struct, frozen=True):
    """Whose message it is, and where."""

    access: ChannelAccess
    user_id: int
    message_id: int
    """0 for a message that is not there yet."""


class AttachmentService:
    """Makes attachments of files."""

    __slots__ = ("_entities", "_files", "_rows", "_store")

    def __init__(self, *, entities: EntityCache, store: Store, files: StoredFiles, rows: FileRows) -> None:
        self._entities = entities
        self._store = store
        self._files = files
        self._rows = rows

    @contextlib.asynccontextmanager
    async def attach(
        self,
        user_id: int,
        channel_id: int,
        drafts: Sequence[AttachmentDraft],
        incoming: IncomingFiles | None,
        *,
        message_id: int = 0,
    ) -> AsyncIterator[AttachedFiles]:
        """Store the request's files and claim those that were uploaded ahead, in the order of the drafts.

        `message_id` is that of a message that is there already. The body calls `use` when a message has them;
        otherwise they are removed at its end. Files of the request that no draft names come last.

        Raises:
            UnknownChannel, MissingAccess, Forbidden, Invalid, LimitReached, QuotaReached, Unavailable.
        """
        access = await self._entities.text_access(user_id, channel_id)
        access.require(ATTACH_FILES)
        pairs = _pair(drafts, incoming.files if incoming is not None else ())
        check_count(len(pairs))
        target = _Target(access, user_id, message_id)
        async with AttachedFiles(self._files) as attached:
            claimed = await self._claim(target, [draft for draft, file in pairs if file is None])
            attached.claimed_ids = list(claimed)
            made = await self._make_all(target, [file for _, file in pairs if file is not None])
            attached.made_ids = [file.id for file in made.values()]
            attached.attachments = tuple(
                _make_attachment(draft, claimed[draft.upload_id or 0] if file is None else made[file.index], file)
                for draft, file in pairs
            )
            yield attached

    async def give_up(self, attachments: Sequence[Attachment]) -> None:
        """Remove the files of attachments that no message has any more."""
        await self._files.try_give_up([each.id for each in attachments])

    async def _claim(self, target: _Target, drafts: Sequence[AttachmentDraft]) -> dict[int, StoredFile]:
        """Claim files that were uploaded ahead, each once. Raises Invalid for what is no such file."""
        if not drafts:
            return {}
        wanted = [draft.upload_id or 0 for draft in drafts]
        async with self._store.write(users=[target.user_id]) as tx:
            files = await tx.files.claim(
                wanted,
                user_id=target.user_id,
                channel_id=target.access.channel.id,
                expires_ms=self._rows.compute_expiry_ms(),
                message_id=target.message_id,
            )
            claimed = {file.id: file for file in files}
            missing = [
                unknown_upload(draft.place)
                for place, draft in enumerate(drafts)
                if draft.upload_id not in claimed or draft.upload_id in wanted[:place]
            ]
            if missing:
                raise Invalid(*missing)
        return claimed

    async def _make_all(self, target: _Target, incoming: Sequence[IncomingFile]) -> dict[int, StoredFile]:
        """Store the request's files, and return them by their index."""
        if not incoming:
            return {}
        made = {file.index: await self._make(target, file) for file in incoming}
        await self._files.add(list(made.values()))
        try:
            for file in incoming:
                await self._files.put(made[file.index], file.staged.path)
        except BaseException:
            await self._files.try_give_up([file.id for file in made.values()])
            raise
        return made

    async def _make(self, target: _Target, file: IncomingFile) -> StoredFile:
        """Make the row of a file, after a look at its content."""
        facts = await self._files.examine(file.staged.path, bytes(file.head), file.filename)
        return self._rows.make(
            target.access.channel,
            target.user_id,
            state=FileState.CLAIMED,
            filename=file.filename,
            size=facts.size,
            content_type=facts.content_type,
            width=facts.width,
            height=facts.height,
            message_id=target.message_id,
        )


def _pair(
    drafts: Sequence[AttachmentDraft], files: Sequence[IncomingFile]
) -> list[tuple[AttachmentDraft, IncomingFile | None]]:
    """Pair drafts with the request's files that they name; one of a file that was uploaded ahead has none.

    Raises:
        Invalid: when a draft names no file, or one that another draft names.
    """
    unnamed = {file.index: file for file in files}
    pairs: list[tuple[AttachmentDraft, IncomingFile | None]] = []
    for draft in drafts:
        file = None
        if draft.upload_id is None:
            file = unnamed.pop(draft.id if draft.id is not None else -1, None)
            if file is None:
                raise draft.fail("id", "ATTACHMENT_NOT_FOUND", "No file of the request has this number.")
        pairs.append((draft, file))
    return [*pairs, *((NO_DRAFT, file) for file in unnamed.values())]


def _make_attachment(draft: AttachmentDraft, stored: StoredFile, incoming: IncomingFile | None) -> Attachment:
    """Make what the message shows."""
    filename, flags = stored.filename, draft.flags
    if draft.filename is not None:
        filename = clean_filename(draft.filename)
    if flags & IS_SPOILER and not filename.startswith(SPOILER_PREFIX):
        filename = SPOILER_PREFIX + filename
    if filename.startswith(SPOILER_PREFIX):
        flags |= IS_SPOILER
    title = draft.title or (incoming.title if incoming is not None else None)
    return Attachment(
        id=stored.id,
        filename=filename,
        size=stored.size,
        content_type=stored.content_type,
        title=title,
        description=draft.description,
        width=stored.width,
        height=stored.height,
        duration_s=draft.duration_s,
        waveform=draft.waveform,
        flags=flags,
    )


def choose_attachments(
    present: Sequence[Attachment], wanted: Sequence[AttachmentDraft] | None, added: Sequence[Attachment]
) -> tuple[Attachment, ...]:
    """Return what an edited message has: what `wanted` keeps of the present, all if it is None, and then the new.

    Raises:
        LimitReached: when these are more than ten.
    """
    if wanted is None:
        kept = list(present)
    else:
        drafts = {draft.id: draft for draft in wanted if draft.upload_id is None}
        kept = [_describe_anew(each, drafts[each.id]) for each in present if each.id in drafts]
    check_count(len(kept) + len(added))
    return (*kept, *added)


def _describe_anew(attachment: Attachment, draft: AttachmentDraft) -> Attachment:
    """Apply what a request says of an attachment that the message keeps. What it leaves out stays."""
    return msgspec.structs.replace(
        attachment,
        description=draft.description if draft.description is not None else attachment.description,
        title=draft.title if draft.title is not None else attachment.title,
    )
