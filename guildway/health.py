"""`guildway health`: asks the server of this machine whether it is alive, for container runtimes and scripts."""

import http.client
from typing import Final

from guildway.rest_client import make_connection

TIMEOUT_S: Final = 4.0
"""Below the five seconds that container runtimes commonly allow a check, so that the reason is still told."""


class NotHealthyError(Exception):
    """The server did not answer, or not well. The text says which."""


def ask_health(url: str) -> None:
    """Ask `/health` of the REST API at `url`.

    Raises:
        DemoError: when that is no address.
        NotHealthyError: when the answer is not 200, or does not come in time.
    """
    connection = make_connection(url, timeout_s=TIMEOUT_S)
    try:
        connection.request("GET", "/health", headers={"Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotHealthyError(f"no server answers at {url} ({error})") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise NotHealthyError(f"the server at {url} answers {status}")
