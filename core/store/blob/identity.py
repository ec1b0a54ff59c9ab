"""The mark by which a cluster's processes know that they all have the same files.

Every process that serves files must find what the others have stored. The database remembers the mark of the first
process' store of files; a process that finds another mark in its own store would lose files, and does not start.
"""

import secrets as randomness
from typing import Final

from core.runtime.errors import StartError
from core.store.aggregates.secrets import Secrets
from core.store.blob.interfaces import BlobStore

MARK: Final = "store-id"
"""The name of the mark, among the files and among the secrets."""
_BYTES: Final = 16


async def check_shared(blobs: BlobStore, secrets: Secrets) -> None:
    """Compare the marks, which are made if there are none.

    Raises:
        StartError: when this is not the store of the other processes. Unavailable.
    """
    await blobs.put_new(MARK, randomness.token_hex(_BYTES).encode())
    found = await blobs.find(MARK)
    if found != await secrets.ensure(MARK, found or b""):
        raise StartError(
            "the files of this process are not those of the cluster's other processes: set files.s3_bucket, or give "
            "all of them the same folder `files` in store.data_dir (a shared file system)"
        )
