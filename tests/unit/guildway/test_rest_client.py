"""The demonstration's REST client, against a server that answers from a script."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from guildway.rest_client import ApiError, DemoError, RestClient


class Script:
    """Answers in order, and the requests to them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, bytes]] = []
        self.requests: list[tuple[str, str, str | None, Any]] = []


@pytest.fixture
def script() -> Iterator[Script]:
    """A server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(data) if data else None
            played.requests.append((self.command, self.path, self.headers["Authorization"], body))
            status, content = played.answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the stdlib calls

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        played = Script(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield played
        server.shutdown()
        thread.join()


def test_request_sends_token_and_body_and_decodes_the_answer(script: Script) -> None:
    script.answers = [(200, b'{"id": "1"}'), (204, b"")]
    client = RestClient(script.url)
    assert client.request("POST", "/guilds", {"name": "x"}, token="t") == {"id": "1"}
    assert client.request("PUT", "/x") is None
    client.close()
    assert script.requests == [("POST", "/api/v10/guilds", "t", {"name": "x"}), ("PUT", "/api/v10/x", None, None)]


def test_request_that_is_limited_waits_and_is_sent_again(script: Script) -> None:
    script.answers = [(429, b'{"retry_after": 0.01}'), (429, b'{"retry_after": 0.01}'), (200, b"[]")]
    client = RestClient(script.url)
    assert client.request("GET", "/x") == []
    client.close()
    assert len(script.requests) == 3


def test_request_that_is_refused_tells_status_and_body(script: Script) -> None:
    script.answers = [(400, b'{"code": 50035}')]
    client = RestClient(script.url)
    with pytest.raises(ApiError, match="POST /x was answered 400") as caught:
        client.request("POST", "/x", {})
    client.close()
    assert caught.value.body == {"code": 50035}


def test_request_to_another_kind_of_server_is_told(script: Script) -> None:
    script.answers = [(200, b"<html>")]
    client = RestClient(script.url)
    with pytest.raises(DemoError, match="is no Guildway server"):
        client.request("GET", "/x")
    client.close()


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ws://127.0.0.1:8081", "http://", "http://h:99999", "http://[::1", "http://h/chat"]
)
def test_address_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(DemoError, match="no address of a server"):
        RestClient(url)
