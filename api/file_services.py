"""The file side of the composition root: what comes, what is kept, what goes out, and what is swept."""

import msgspec

from api.common_parts import ApiGround, Common
from api.http.binding import BodyBounds
from api.http.scope import PREFIX
from api.services.files.attachment_forms import MAX_ATTACHMENTS
from api.services.files.attachments import AttachmentService
from api.services.files.downloads import DownloadService
from api.services.files.file_copies import FileCopies
from api.services.files.file_rows import FileRows
from api.services.files.file_sweep import FileSweep
from api.services.files.incoming_files import FileIntake
from api.services.files.link_refresh import LinkRefreshService
from api.services.files.quotas import Quotas
from api.services.files.stored_files import StoredFiles
from api.services.files.stored_pictures import StoredPictures
from api.services.files.thumbnails import Thumbnails
from api.services.files.uploads import UploadService
from api.services.images import ImageService
from core.media.workers import PictureWorkers
from core.runtime.settings.settings import Settings

_PART_HEAD_BYTES = 8192
"""What stands around each file of a form."""


class FileServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them. The binding of handlers asks for `intake` itself."""

    downloads: DownloadService
    intake: FileIntake
    link_refresh: LinkRefreshService
    uploads: UploadService


class FileParts(msgspec.Struct, kw_only=True, frozen=True):
    """The services, and what other sides need of files."""

    services: FileServices
    attachments: AttachmentService
    copies: FileCopies
    sweep: FileSweep
    images: ImageService
    workers: PictureWorkers


def build_file_parts(ground: ApiGround, common: Common) -> FileParts:
    """Make the services."""
    store, blobs, clock, settings = ground.store, ground.blobs, ground.clock, ground.settings.files
    workers = PictureWorkers(processes=settings.picture_processes, max_pixels=settings.max_picture_pixels)
    quotas = Quotas(common.current_limits)
    files = StoredFiles(store=store, blobs=blobs, workers=workers, quotas=quotas)
    pictures = StoredPictures(store=store, blobs=blobs, quotas=quotas, clock=clock, grace_s=settings.picture_grace_s)
    thumbnails = Thumbnails(blobs=blobs, workers=workers)
    rows = FileRows(ids=ground.ids, clock=clock, lifetime_s=settings.upload_lifetime_s)
    return FileParts(
        services=_build_services(ground, common, files, rows, thumbnails),
        attachments=AttachmentService(entities=common.entities, store=store, files=files, rows=rows),
        copies=FileCopies(entities=common.entities, files=files, rows=rows),
        sweep=FileSweep(
            store=store,
            bus=ground.bus,
            files=files,
            pictures=pictures,
            staging=blobs.staging,
            clock=clock,
            interval_s=settings.sweep_interval_s,
            lifetime_s=settings.upload_lifetime_s,
        ),
        images=ImageService(pictures=pictures, blobs=blobs, workers=workers, thumbnails=thumbnails),
        workers=workers,
    )


def _build_services(
    ground: ApiGround, common: Common, files: StoredFiles, rows: FileRows, thumbnails: Thumbnails
) -> FileServices:
    store, links, entities, settings = ground.store, ground.links, common.entities, ground.settings.files
    staging = ground.blobs.staging
    return FileServices(
        downloads=DownloadService(store=store, files=files, links=links, thumbnails=thumbnails),
        intake=FileIntake(entities=entities, staging=staging, max_bytes=settings.max_file_bytes),
        link_refresh=LinkRefreshService(entities=entities, store=store, links=links),
        uploads=UploadService(
            entities=entities,
            directs=common.directs,
            store=store,
            files=files,
            rows=rows,
            links=links,
            staging=staging,
            max_bytes=settings.max_upload_bytes,
            prefix=PREFIX,
        ),
    )


def find_body_bounds(settings: Settings) -> BodyBounds:
    """Return the bounds of bodies: a form may have ten files beside its JSON."""
    usual = settings.api.max_json_bytes
    return BodyBounds(usual, usual + MAX_ATTACHMENTS * (settings.files.max_file_bytes + _PART_HEAD_BYTES))
