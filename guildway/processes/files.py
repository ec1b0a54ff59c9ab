"""The store of files of a process: a bucket when the settings name one, else the folder in its data folder."""

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from core.store.blob.folder import open_folder
from core.store.blob.identity import check_shared
from core.store.blob.interfaces import BlobStore
from core.store.interfaces import Store
from guildway.data.data_files import DataFiles


async def open_blobs(settings: FileSettings, data: DataFiles) -> BlobStore:
    """Open the store. Raises StartError when the bucket or the folder cannot be used."""
    if not settings.s3_bucket:
        return await open_folder(data.images)
    from core.store.blob.objects import S3Place, open_s3  # noqa: PLC0415 - a folder needs no driver

    place = S3Place(
        bucket=settings.s3_bucket,
        prefix=settings.s3_prefix,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
    )
    try:
        return await open_s3(place, data.images / "staging")
    except Unavailable as error:
        raise StartError(f"the bucket {place.bucket} (files.s3_bucket) cannot be used: {error.__cause__}") from error


async def check_shared_files(blobs: BlobStore, store: Store) -> None:
    """Check that a process of a cluster has the files of the others. Raises StartError when it has not."""
    try:
        await check_shared(blobs, store.secrets)
    except Unavailable as error:
        raise StartError(f"the files cannot be used: {error.__cause__ or error.text}") from error
