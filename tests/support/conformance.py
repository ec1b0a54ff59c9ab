"""A check of answers against Discord's OpenAPI document.

`oneOf` is read as `anyOf`: Discord's own answers match several branches of its document. Fields that it does not name
are allowed. Routes that the document does not have (registering, making guilds, …) get only the checks of all routes.
"""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCUMENT_PATH = Path(__file__).parents[1] / "golden" / "discord-openapi.json"
_PREFIX = re.compile(r"/api(/v\d+)?(?=/)")
_UNDOCUMENTED_STATUSES = frozenset({501, 503})
_ERRORS = {"$ref": "#/components/schemas/ErrorResponse"}


@cache
def load_document() -> dict[str, Any]:
    """Load the document, with `anyOf` for `oneOf`, the codes of form errors as texts, and references that forward.

    The document is wrong in two places. It has one schema for an answer's error and for those of its fields, with an
    integer as the code; Discord's reference ("Error Messages") and its answers have texts there, such as
    BASE_TYPE_REQUIRED. And it has one type of references to messages; the reference ("Message Reference Types") has
    another one for forwards.
    """
    text = DOCUMENT_PATH.read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text.replace('"oneOf"', '"anyOf"'))
    schemas = document["components"]["schemas"]
    of_field = copy.deepcopy(schemas["Error"])
    of_field["properties"]["code"] = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]+$"}
    schemas["InnerErrors"]["properties"]["_errors"]["items"] = of_field
    forward = {"title": "FORWARD", "const": 1}
    schemas["MessageReferenceType"]["anyOf"].append(forward)
    return document


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Compile patterns of the documented paths. Those with fewer parameters come first, as in a router."""
    paths = sorted(load_document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path))), path) for path in paths]


def find_template(method: str, path: str) -> str | None:
    """Return the documented template of a request's path (with or without /api/v10), or None."""
    path = _PREFIX.sub("", path.partition("?")[0])
    for pattern, template in _templates():
        if pattern.fullmatch(path) and method.lower() in load_document()["paths"][template]:
            return template
    return None


@cache
def _validator(method: str, template: str, status: int) -> Draft202012Validator | None:
    """Return the validator of an answer's body, or None if the document has no body. Raises AssertionError for an
    unknown status.
    """
    document = load_document()
    responses = document["paths"][template][method.lower()]["responses"]
    found = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    assert found is not None, f"{method} {template} is not documented to answer {status}"
    if "$ref" in found:
        found = document["components"]["responses"][found["$ref"].rpartition("/")[2]]
    content = found.get("content", {}).get("application/json")
    if content is None:
        return None
    return Draft202012Validator({**content["schema"], "components": document["components"]})


@cache
def _error_validator() -> Draft202012Validator:
    return Draft202012Validator({**_ERRORS, "components": load_document()["components"]})


def assert_conforms(method: str, path: str, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Raise AssertionError with everything that is wrong with an answer."""
    assert status != 500, f"{method} {path} failed: {body!r}"
    if method == "HEAD":
        assert body == b""
        return
    if status == 204:
        assert body == b""
        assert "content-type" not in headers
        return
    if headers.get("content-type", "").startswith(("text/html", "image/")):
        return
    if path.startswith(("/attachments/", "/external/")) and (status < 400 or status == 416):
        return  # somebody's file, or a picture of another server
    assert headers.get("content-type") == "application/json", f"{method} {path}: {headers}"
    validator: Draft202012Validator | None = None
    if status >= 400:
        validator = _error_validator()
    template = find_template(method, path)
    if template is not None and status not in _UNDOCUMENTED_STATUSES:
        validator = _validator(method, template, status)
        assert validator is not None, f"{method} {template} is documented to answer {status} without a body"
    if validator is not None:
        errors = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(json.loads(body))]
        assert not errors, f"{method} {template or path} answered {status}: {errors}"
