"""The OpenAPI document and its page. For everybody; built once, so the handlers only hand out bytes."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from api.services.documentation import Documentation


@get(["/openapi.json", "/api/openapi.json"], opt={"public": True})
async def get_openapi(documentation: Documentation) -> Response[bytes]:
    """The document."""
    return Response(documentation.document, media_type="application/json")


@get("/api/docs", opt={"public": True})
async def get_page(documentation: Documentation) -> Response[bytes]:
    """The page."""
    return Response(documentation.page, media_type="text/html")


ROOT_HANDLERS: list[HTTPRouteHandler] = [get_openapi, get_page]
