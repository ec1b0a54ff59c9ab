"""The files of listening Unix sockets: their permissions, whose they are, and what is replaced or refused."""

import socket
import stat
from pathlib import Path

import pytest

from core.runtime.errors import StartError
from core.runtime.settings.settings import ApiSettings
from core.runtime.sockets import find_bound_place, local_authority, open_listener
from core.runtime.unix_sockets import bind_unix_socket, find_obstacle, find_path


def bind(path: Path, mode: int = 0o660) -> socket.socket:
    return bind_unix_socket(path, mode=mode, backlog=8)


def leave_behind(path: Path) -> None:
    """Leave the socket of a process that was killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
        dead.listen()


def test_host_is_a_path_or_an_address() -> None:
    assert find_path("unix:/run/a.sock") == Path("/run/a.sock")
    assert find_path("127.0.0.1") is None


def test_listener_is_opened_as_its_section_says(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with open_listener(ApiSettings(host=f"unix:{path}", socket_mode="0606")) as sock:
        assert stat.S_IMODE(path.stat().st_mode) == 0o606
        assert find_bound_place(sock) == (f"unix:{path}", 0)
        assert local_authority(sock) == f"unix:{path}"
    with open_listener(ApiSettings(host="127.0.0.1", port=0)) as sock:
        assert find_bound_place(sock)[0] == "127.0.0.1"


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_file_has_its_permissions_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    with bind(tmp_path / "s", mode):
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == mode


def test_file_goes_with_its_socket(tmp_path: Path) -> None:
    sock = bind(tmp_path / "s")
    sock.close()
    sock.close()
    assert list(tmp_path.iterdir()) == []
    assert sock.fileno() == -1


def test_file_of_another_process_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    sock = bind(path)
    path.rename(tmp_path / "old")
    with bind(path):
        sock.close()
        assert path.is_socket()


def test_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    leave_behind(path)
    assert find_obstacle(path) is None
    with bind(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))


def test_socket_of_a_living_process_is_refused_also_when_its_queue_is_full(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with bind_unix_socket(path, mode=0o660, backlog=0), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        with pytest.raises(StartError, match=f"cannot listen on unix:{path}: another process listens there"):
            bind(path)
        assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_refused_and_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s"
    if kind == "file":
        path.write_text("words")
    elif kind == "folder":
        path.mkdir()
    else:
        leave_behind(tmp_path / "target")
        path.symlink_to(tmp_path / "target")
    with pytest.raises(StartError, match="there is a file that is no socket"):
        bind(path)
    assert path.exists()


def test_socket_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(StartError, match="cannot listen on"):
            bind(path)
        assert path.is_socket()


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="its folder is not there"):
        bind(tmp_path / "nowhere" / "s")
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot listen on"):
        bind(tmp_path / "file" / "s")
