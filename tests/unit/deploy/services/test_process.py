"""A service's process: started once, found again by another process, ended by its id and never by a wrong one."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from signal import SIGTERM

import pytest

from deploy.services.definition import LOOPBACK, MissingProgram, Program, ask, find_free_port
from deploy.services.process import ServiceFailed, ServiceProcess, running

ECHO = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    stream, _ = server.accept()
    stream.sendall(stream.recv(1))
    stream.close()
"""


class EchoServer:
    """A service that answers a byte with the same. `code` is its program."""

    name = "echo"
    stop_signal = SIGTERM
    address = "none"

    def __init__(self, folder: Path, code: str = ECHO) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = find_free_port()
        self._code = code

    def prepare(self) -> Program:
        self.data.mkdir(exist_ok=True)
        return Program(command=[sys.executable, "-c", self._code, str(self.port)])

    def answers(self) -> bool:
        return ask(self.port, b"x", 1) == b"x"


class MissingServer(EchoServer):
    def prepare(self) -> Program:
        raise MissingProgram("echo is missing")


def test_started_service_answers_and_is_not_started_again(tmp_path: Path) -> None:
    service = EchoServer(tmp_path / "echo")
    with running(service) as process:
        pid = process.pid
        assert service.answers()
        assert not ServiceProcess(service).start()
        assert ServiceProcess(service).pid == process.pid == pid
    assert process.pid is None
    assert not service.answers()
    assert not service.data.exists()


def test_another_process_ends_what_was_started(tmp_path: Path) -> None:
    service = EchoServer(tmp_path)
    first = ServiceProcess(service)
    assert first.start()
    assert ServiceProcess(service).stop()
    assert first.pid is None
    assert not ServiceProcess(service).stop()
    assert not (tmp_path / "pid").exists()


def test_id_that_belongs_to_somebody_else_is_not_signalled(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "pid").write_text(f"{stranger.pid} 1")
        process = ServiceProcess(EchoServer(tmp_path))
        assert process.pid is None
        assert not process.stop()
        process.kill()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate()


def test_killed_service_starts_again(tmp_path: Path) -> None:
    service = EchoServer(tmp_path)
    with running(service) as process:
        pid = process.pid
        process.kill()
        assert process.pid is None
        assert process.start()
        assert process.pid != pid


def test_paused_service_is_there_and_silent_until_it_goes_on(tmp_path: Path) -> None:
    service = EchoServer(tmp_path)
    with running(service) as process:
        process.pause()
        assert not service.answers()
        assert process.pid is not None
        process.go_on()
        assert service.answers()


def test_paused_service_can_be_stopped(tmp_path: Path) -> None:
    process = ServiceProcess(EchoServer(tmp_path))
    process.start()
    process.pause()
    assert process.stop()


def test_port_of_another_program_is_told(tmp_path: Path) -> None:
    service = EchoServer(tmp_path)
    with socket.create_server((LOOPBACK, service.port)), pytest.raises(ServiceFailed, match="another program listens"):
        ServiceProcess(service).start()


def test_program_that_ends_at_once_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.services.process._REST_S", 0)
    with pytest.raises(ServiceFailed, match="the reason"):
        ServiceProcess(EchoServer(tmp_path, "import sys; sys.exit('the reason')")).start()


def test_program_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingProgram, match="echo is missing"), running(MissingServer(tmp_path)):
        pass


def test_pid_of_a_process_that_has_ended_is_none(tmp_path: Path) -> None:
    service = EchoServer(tmp_path)
    with running(service) as process:
        other = ServiceProcess(service)
        pid = other.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        process.kill()
        assert other.pid is None
