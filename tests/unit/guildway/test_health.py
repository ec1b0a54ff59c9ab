"""`guildway health` distinguishes a server that answers from one that does not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from guildway.cli import main


@contextmanager
def served(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server with one answer. The value is its address and the paths of its requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the stdlib's name
            """Write no log of requests into the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_server_that_answers_is_alive(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with served(200) as (url, asked):
        assert main(["health", "--url", url]) == 0
        monkeypatch.setenv("GUILDWAY_API", url.removeprefix("http://"))
        assert main(["health"]) == 0
    assert asked == ["/health", "/health"]
    assert capsys.readouterr() == ("", "")


def test_server_with_another_answer_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with served(503) as (url, _):
        assert main(["health", "--url", url]) == 1
    assert capsys.readouterr().err == f"guildway: the server at {url} answers 503\n"


def test_nobody_who_answers_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert main(["health", "--url", url]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"guildway: no server answers at {url} (")
    assert errors.count("\n") == 1


def test_server_that_says_nothing_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guildway.health.TIMEOUT_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert main(["health", "--url", f"http://127.0.0.1:{silent.getsockname()[1]}"]) == 1
    assert "timed out" in capsys.readouterr().err


def test_address_that_is_none_must_be_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", "--url", "localhost"]) == 2
    assert "no address of a server" in capsys.readouterr().err
