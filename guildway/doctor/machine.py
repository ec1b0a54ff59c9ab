"""What the doctor looks at on this machine: the kernels, the data folder, the disk, the ports, open files and the
clock.
"""

import ctypes
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from core.runtime.data_dir import find_holder
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.runtime.sockets import bind_datagram_socket, bind_socket
from core.runtime.unix_sockets import find_obstacle, find_path
from core_ext.chooser import MISSING, KernelsMissingError, load
from guildway.doctor.findings import Finding, fault, fine, warning

Bind = Callable[[str, int], socket.socket]

_GIB: Final = 1 << 30
_LOW_BYTES: Final = 5 * _GIB
_NO_BYTES: Final = _GIB // 4
_LEAST_FILES: Final = 256
_FEW_FILES: Final = 4096
_TIME_ERROR: Final = 5
"""What the kernel answers while nobody keeps its clock."""
_TIMEX_BYTES: Final = 512
"""More than its largest `struct timex`. All zero, it asks and changes nothing."""


def check_kernels() -> Finding:
    """Look whether the compiled kernels are there, without which no server starts."""
    missing, _, remedy = MISSING.partition(": ")
    try:
        load("core_ext.sockets.sockets")
    except KernelsMissingError:
        return fault("kernels", missing, remedy)
    return fine("kernels", "are compiled for this Python")


def check_folder(folder: Path) -> Iterator[Finding]:
    """Look at the data folder: whether it can be used, by whom, and the room on its disk."""
    about = f"data folder {folder}"
    if not folder.exists():
        yield warning(about, "is not there", "the first start makes it; otherwise name another with --data")
        return
    try:
        holder = find_holder(folder)
    except OSError as error:
        yield fault(about, f"cannot be used: {error.strerror}", "let the server's user own it, with mode 0700")
        return
    yield fine(about, f"is in use by process {holder}" if holder else "is free: no server runs on it")
    if not os.access(folder, os.W_OK | os.X_OK):
        yield fault(about, "this user may not write there", "run this as the server's user, or let that one own it")
    if folder.stat().st_mode & 0o077:
        remedy = f"chmod 700 {folder}: it has messages and hashes of passwords"
        yield warning(about, "others of this machine may look into it", remedy)
    yield from check_disk(folder)


def check_disk(folder: Path) -> Iterator[Finding]:
    """Look at the room on the disk of a folder."""
    free, about = shutil.disk_usage(folder).free, "disk of the data folder"
    found = f"{free / _GIB:.1f} GiB are free"
    remedy = "make room, or move the folder to a larger disk; without room every write is refused"
    if free < _NO_BYTES:
        yield fault(about, found, remedy)
    elif free < _LOW_BYTES:
        yield warning(about, found, remedy)
    else:
        yield fine(about, found)


def check_ports(settings: Settings, *, runs: bool) -> Iterator[Finding]:
    """Look whether the server can listen. `runs`: a server has the data folder, and is taken to have the ports."""
    voice = settings.voice
    listeners: list[tuple[str, str, int, Bind]] = [
        ("api", settings.api.host, settings.api.port, bind_socket),
        ("gateway", settings.gateway.host, settings.gateway.port, bind_socket),
    ]
    if settings.metrics.enabled:
        listeners.append(("metrics", settings.metrics.host, settings.metrics.port, bind_socket))
    if voice.enabled:
        listeners.append(("voice", voice.host, voice.port, bind_socket))
        listeners.append(("voice", voice.host, voice.media_port, bind_datagram_socket))
    for section, host, port, bind in listeners:
        path = find_path(host)
        if path is not None:
            yield _look_at_socket(section, path, runs=runs)
        else:
            yield _try_port(section, host, port, bind, runs=runs)


def _look_at_socket(section: str, path: Path, *, runs: bool) -> Finding:
    about = f"socket {path} of [{section}]"
    obstacle = find_obstacle(path)
    if runs and obstacle is not None and "another process" in obstacle:
        return fine(about, "is in use, and the server runs")
    if obstacle is not None:
        return fault(about, obstacle, f"remove it, make its folder, or set {section}.host")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return fault(about, "this user may not write in its folder", "let the server's user own the folder")
    if runs:
        return warning(about, "is free, though the server runs", "it has other settings than these: give it --config")
    return fine(about, "is free")


def _try_port(section: str, host: str, port: int, bind: Bind, *, runs: bool) -> Finding:
    about = f"port {port}{'/udp' if bind is bind_datagram_socket else ''} of [{section}]"
    try:
        bind(host, port).close()
    except StartError as error:
        if runs and "another process" in str(error):
            return fine(about, "is in use, and the server runs")
        return fault(about, str(error), f"end what has it, or set {section}.host and its port")
    if runs and port:
        return warning(about, "is free, though the server runs", "it has other settings than these: give it --config")
    return fine(about, f"is free on {host}")


def check_files() -> Iterator[Finding]:
    """Look how many files a process may have open."""
    limit = read_limit()
    found = f"{limit:,} for this user, {share_descriptors(limit).gateway:,} of them for connections of the gateway"
    remedy = "raise `ulimit -n` (systemd: LimitNOFILE) above the connections that you expect"
    if limit < _LEAST_FILES:
        yield fault("open files", found, remedy)
    elif limit < _FEW_FILES:
        yield warning("open files", found, remedy)
    else:
        yield fine("open files", found)


def check_clock() -> Iterator[Finding]:
    """Look whether somebody keeps the machine's clock. Nothing is said where the kernel does not tell."""
    kernel = ctypes.CDLL(None, use_errno=True)
    if not hasattr(kernel, "adjtimex"):
        return
    state = kernel.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == _TIME_ERROR:
        yield warning(
            "clock", "nobody keeps it", "run chrony or systemd-timesyncd: ids and expiries depend on the time"
        )
    elif state >= 0:
        yield fine("clock", "is kept by this machine")
