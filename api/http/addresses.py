"""The addresses under which the API answers: `/api/v9/…`, `/api/…` and `/servers…` mean `/api/v10/…/guilds…`."""

import re
from typing import Final

from api.http.scope import PREFIX

_VERSIONED: Final = re.compile(r"/api(?:/v(\d+))?/(.*)", re.DOTALL)
_OWN_PATHS: Final = ("/api/docs", "/api/openapi.json")
_STEM: Final = PREFIX + "/"


def is_canonical(path: str) -> bool:
    """Tell whether the path is spelled as routes declare it, as most are."""
    return path.startswith(_STEM) and not path.startswith("servers", len(_STEM))


def rewrite_path(path: str) -> str | None:
    """Return the canonical path, or None for an unknown version. A path outside the API stays as it is."""
    match = _VERSIONED.fullmatch(path)
    if match is None or path.startswith(_OWN_PATHS):
        return path
    if match[1] not in (None, "9", "10"):
        return None
    rest = match[2]
    if rest == "servers" or rest.startswith("servers/"):
        rest = "guilds" + rest.removeprefix("servers")
    return _STEM + rest
