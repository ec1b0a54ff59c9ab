"""The OpenAPI document and its page. Both are public, and made once: the handlers answer finished bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.answers import Answer, encode_json
from api.http.openapi_page import render_page
from api.http.route import Route, get


def declare_documentation(document: Mapping[str, Any]) -> Sequence[Route]:
    """The routes that show this document."""
    encoded = encode_json(document)
    page = render_page(document).encode()

    @get("/openapi.json", "/api/openapi.json", is_public=True)
    async def get_openapi() -> Answer:
        return Answer(encoded)

    @get("/api/docs", is_public=True)
    async def get_page() -> Answer:
        return Answer(page, content_type="text/html; charset=utf-8")

    return (get_openapi, get_page)
