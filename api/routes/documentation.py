"""The OpenAPI document and its page. For everybody; built once, so the handlers only hand out bytes."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from api.http.answers import Answer
from api.services.documentation import Documentation


@get(["/openapi.json", "/api/openapi.json"], opt={"public": True})
async def get_openapi(documentation: Documentation) -> Answer:
    """The document."""
    return Answer(documentation.document)


@get("/api/docs", opt={"public": True})
async def get_page(documentation: Documentation) -> Answer:
    """The page."""
    return Answer(documentation.page, content_type="text/html; charset=utf-8")


ROOT_HANDLERS: list[HTTPRouteHandler] = [get_openapi, get_page]
