"""The probes on the API's port, over a real socket."""

import json
from typing import Any

import pytest

from core.runtime.probes import build_probes
from tests.support.http_streams import connect


async def fail(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("not for the application")


def build_app(fault: str | None) -> Any:
    async def find_fault() -> str | None:
        return fault

    return build_probes(app=fail, find_fault=find_fault)


@pytest.mark.parametrize(
    ("line", "fault", "status", "body"),
    [
        ("GET /health HTTP/1.1", None, 200, {"status": "ok"}),
        ("GET /health HTTP/1.0", "full", 200, {"status": "ok"}),
        ("HEAD /health HTTP/1.1", "full", 200, None),
        ("GET /ready HTTP/1.0", None, 200, {"status": "ready"}),
        ("GET /ready?x=y HTTP/1.1", "full", 503, {"status": "not ready", "reason": "full"}),
        ("HEAD /ready HTTP/1.0", "full", 503, None),
        ("OPTIONS /health HTTP/1.0", "full", 200, {"status": "ok"}),
        ("OPTIONS /ready HTTP/1.0", "full", 503, {"status": "not ready", "reason": "full"}),
        ("POST /ready HTTP/1.1", None, 405, {"message": "405: Method Not Allowed", "code": 0}),
    ],
)
async def test_process_tells_how_it_is(line: str, fault: str | None, status: int, body: object) -> None:
    async with connect(build_app(fault)) as (reader, writer):
        writer.write(f"{line}\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (b"retry-after: 5" in head) is (status == 503)
    assert (json.loads(rest) if rest else None) == body


@pytest.mark.parametrize(
    ("impairments", "body"),
    [((), {"status": "ready"}), (("no search",), {"status": "ready", "impaired": ["no search"]})],
)
async def test_impaired_process_is_ready_and_says_so(impairments: tuple[str, ...], body: object) -> None:
    async def find_fault() -> None:
        return None

    app = build_probes(app=fail, find_fault=find_fault, list_impairments=lambda: impairments)
    async with connect(app) as (reader, writer):
        writer.write(b"GET /ready HTTP/1.0\r\nhost: x\r\n\r\n")
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert b" 200 " in head
    assert json.loads(rest) == body
