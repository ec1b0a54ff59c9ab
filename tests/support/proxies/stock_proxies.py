"""nginx, HAProxy and Caddy with the examples of deploy/proxies, on ports of loopback.

Of an example only the addresses, the ports and the certificate are changed; staff comes from another machine.
"""

import shutil
import socket
import ssl
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program
from tests.support.voice.certificates import Certificates

EXAMPLES: Final = Path(__file__).parents[3] / "deploy" / "proxies"
_PLACES: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_UNIX: Final = {"nginx": "unix:", "haproxy": "unix@", "caddy": "unix/"}
"""How each proxy begins the path of a Unix socket."""


class StockProxy:
    """One proxy before the API and the gateway of a server."""

    stop_signal: Final = SIGTERM

    def __init__(
        self, name: str, *, folder: Path, port: int, api: str, gateway: str, certificates: Certificates
    ) -> None:
        """`api` and `gateway` are the server's places, HOST:PORT or `unix:` with a path."""
        self.name = name
        self.folder = folder
        self.port = port
        self._changes = {
            "127.0.0.1:8080": _name_place(name, api),
            "127.0.0.1:8081": _name_place(name, gateway),
            "listen 443 ssl": f"listen {LOOPBACK}:{port} ssl",
            "bind :443": f"bind {LOOPBACK}:{port}",
            "chat.example.org {": (
                f"https://{LOOPBACK}:{port} {{\n\tbind {LOOPBACK}\n\ttls {certificates.server} {certificates.server}"
            ),
            "server_name chat.example.org": f"server_name {LOOPBACK}",
            "maxconn 100000": "maxconn 1000",
            # Staff comes from elsewhere, so that clients of tests are strangers.
            "allow 127.0.0.1;": "allow 192.0.2.1;",
            "!{ src 127.0.0.0/8 }": "!{ src 192.0.2.1 }",
            "remote_ip 127.0.0.1 ::1": "remote_ip 192.0.2.1",
        }
        for file in ("/etc/ssl/guildway/fullchain.pem", "/etc/ssl/guildway/privkey.pem", "/etc/haproxy/guildway.pem"):
            self._changes[file] = str(certificates.server)
        self._certificates = certificates

    @property
    def data(self) -> Path:
        """The folder of its files."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"https://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Write the configuration and return the command."""
        found = shutil.which(self.name) or next(filter(None, (shutil.which(self.name, path=p) for p in _PLACES)), None)
        if found is None:
            raise MissingProgram(f"{self.name} is not installed: apt-get install {self.name}")
        self.data.mkdir(parents=True, exist_ok=True)
        match self.name:
            case "nginx":
                return Program(command=[found, "-p", str(self.data), "-c", str(self._write_nginx())])
            case "haproxy":
                return Program(command=[found, "-db", "-f", str(self._write("haproxy.cfg"))])
            case _:
                # It keeps what it knows in its user's folder, and has a port of its own for its administrator.
                config = self._write("Caddyfile", "{\n\tadmin off\n\tauto_https disable_redirects\n}\n")
                home = [f"{name}={self.data}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
                words = ["run", "--adapter", "caddyfile", "--config", str(config)]
                return Program(command=["/usr/bin/env", *home, found, *words])

    def answers(self) -> bool:
        """Return whether it speaks TLS with its certificate, and its server answers."""
        try:
            with (
                socket.create_connection((LOOPBACK, self.port), 1) as plain,
                self._certificates.trust().wrap_socket(plain, server_hostname=LOOPBACK) as stream,
            ):
                stream.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return stream.recv(12) == b"HTTP/1.1 200"
        except (OSError, ssl.SSLError):
            return False

    def _write(self, name: str, before: str = "") -> Path:
        text = (EXAMPLES / name).read_text()
        for old, new in self._changes.items():
            text = text.replace(old, new)
        path = self.data / name
        path.write_text(before + text)
        return path

    def _write_nginx(self) -> Path:
        """The example is a part of a configuration; this is what Debian has around it."""
        example = self._write("nginx.conf")
        for folder in ("body", "proxy"):
            (self.data / folder).mkdir(exist_ok=True)
        user = "user root;\n" if self.data.owner() == "root" else ""
        path = self.data / "main.conf"
        path.write_text(
            f"daemon off;\nmaster_process off;\n{user}pid {self.data}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\nclient_body_temp_path {self.data}/body;\nproxy_temp_path {self.data}/proxy;\n"
            f"fastcgi_temp_path {self.data}/f;\nuwsgi_temp_path {self.data}/u;\nscgi_temp_path {self.data}/s;\n"
            f"include {example};\n}}\n"
        )
        return path


def _name_place(proxy: str, place: str) -> str:
    return f"{_UNIX[proxy]}{place.removeprefix('unix:')}" if place.startswith("unix:") else place
