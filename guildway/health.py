"""`guildway health`: asks the server of this machine whether it is alive, for container runtimes and scripts."""

import http.client
from typing import Final

from guildway.rest_client import make_connection

TIMEOUT_S: Final = 4.0
"""The limit is below the five seconds that container runtimes commonly allow, so that a reason is still printed."""


class NotHealthyError(Exception):
    """The server does not answer, or its answer is not 200. The text tells the reason."""


def ask_health(url: str) -> None:
    """Ask `/health` of the REST API at `url`. Raises DemoError for a wrong address, and NotHealthyError."""
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
