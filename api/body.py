"""How Litestar reads bodies here: whole, bounded, through `api.forms`.

Two hooks of the framework are used, both by subclassing, since it offers no other way: the request class (a body that is
not there counts as `{}`) and the data-transfer class (which turns bytes into what a handler annotates `data` with).
"""

from collections.abc import Generator
from typing import Any, ClassVar, Final

from litestar import Request
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from typing_extensions import override

from api.forms import Form
from core.domain.errors import InvalidJson, TooLarge

_EMPTY_OBJECT: Final = b"{}"
_MAX_DIGITS: Final = 19
"""A content length of more digits is no number that anybody could send; what arrives is counted anyway."""


class BodyRequest(Request[Any, Any, Any]):
    """A request whose missing body is an empty object: PUTs and POSTs of Discord's clients often have none."""

    __slots__ = ("_whole",)

    @override
    async def body(self) -> bytes:
        """The body, read once.

        Raises:
            TooLarge: when it is announced as, or turns out, larger than the route allows.
            InvalidJson: when the client goes away in the middle of it.
        """
        try:
            return self._whole
        except AttributeError:
            self._whole: bytes = await self._read(self.route_handler.resolve_request_max_body_size() or 0)
            return self._whole

    async def _read(self, limit_bytes: int) -> bytes:
        for name, value in self.scope["headers"]:
            if name == b"content-length" and len(value) < _MAX_DIGITS and value.isdigit() and int(value) > limit_bytes:
                raise TooLarge
        chunks: list[bytes] = []
        size_bytes = 0
        while True:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise InvalidJson
            chunk = message.get("body", b"")
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise TooLarge
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks) or _EMPTY_OBJECT


class FormDto(AbstractDTO[Any]):
    """Decodes `data` with the handler's `Form`; the page describes the annotated type as it is."""

    model_type = object
    _forms: ClassVar[dict[str, Form[Any]]] = {}

    @override
    def decode_bytes(self, value: bytes) -> Any:
        return self._forms[self.asgi_connection.route_handler.handler_id].decode(value)

    @override
    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        cls._forms[handler_id] = Form(field_definition.raw)

    @override
    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

    @override
    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return field_definition.name == "data"

    @override
    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @override
    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False
