"""The key of who administers a server from its own machine. It is in the server's database, so whoever can read that
has it; `guildway admin` reads it there, and the API compares.
"""

import secrets
from typing import Final

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.store.aggregates.secrets import Secrets
from core.store.sql.engine.errors import reason_of

KEY_NAME: Final = "operator-key"
"""The name of the key among the server's secrets."""
_KEY_BYTES: Final = 32


async def open_operator_key(secrets_: Secrets) -> bytes:
    """Return the key, which is made when there is none. Raises StartError."""
    try:
        return await secrets_.ensure(KEY_NAME, secrets.token_bytes(_KEY_BYTES))
    except Unavailable as error:
        raise StartError(f"the operator's key cannot be read: {reason_of(error)}") from error
