"""The store of files that the settings name: a bucket, or the folder in the data folder."""

from typing import Final

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from core.store.blob.folder import open_folder
from core.store.blob.interfaces import BlobStore
from guildway.data.data_files import DataFiles

_STAGING: Final = "staging"


async def open_blobs(settings: FileSettings, data: DataFiles) -> BlobStore:
    """Open the store of files. Raises StartError when the bucket cannot be used."""
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
        return await open_s3(place, data.images / _STAGING)
    except Unavailable as error:
        reason = str(error.__cause__).partition("\n")[0]
        raise StartError(f"the bucket {place.bucket} (files.s3_bucket) cannot be used: {reason}") from error
