"""What `api.http.openapi` made, as the bytes that are sent."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.http.openapi import render_page


class Documentation:
    """The document and the page."""

    __slots__ = ("document", "page")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = msgspec.json.encode(document)
        self.page = render_page(document).encode()
