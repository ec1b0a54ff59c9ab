"""The OpenAPI document as a page for people, which needs no script."""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec


def render_page(document: Mapping[str, Any]) -> str:
    """Return the document for people: one section per path, schemas below, everything linked."""
    parts = [_PAGE_HEAD]
    prefix = document["servers"][0]["url"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            parts.append(_render_operation(method, prefix + path, operation))
    parts.append("<h2>Objects</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(
            f'<details id="{html.escape(name)}"><summary>{html.escape(name)}</summary>{_pre(schema)}</details>'
        )
    parts.append("</main>")
    return "\n".join(parts)


def _render_operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    shown = {key: operation[key] for key in ("parameters", "requestBody", "responses") if operation.get(key)}
    lock = "" if operation.get("security") == [] else " <small>token</small>"
    title = f"<b>{method.upper()}</b> <code>{html.escape(path)}</code>{lock} — {html.escape(operation['summary'])}"
    return f'<details id="{html.escape(operation["operationId"])}"><summary>{title}</summary>{_pre(shown)}</details>'


def _pre(value: Any) -> str:
    text = html.escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    linked = re.sub(r"#/components/schemas/([\w.]+)", r'<a href="#\1">\1</a>', text)
    return f"<pre>{linked}</pre>"


_PAGE_HEAD: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guildway API</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: auto; padding: 1rem; }
details { border-bottom: 1px solid #8883; padding: .3rem 0; }
summary { cursor: pointer; }
pre { overflow: auto; padding: .5rem; background: #8881; }
:root { color-scheme: light dark; }
</style>
<main><h1>Guildway API</h1>
<p>Discord's API v10, and what its own client uses beside it.
The same as <a href="/openapi.json">OpenAPI document</a>.</p>"""
