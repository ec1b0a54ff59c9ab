"""The line about the server's listeners."""

import io
import subprocess

from core.runtime.settings.settings import ApiSettings, Settings
from guildway.addresses import Addresses, encode_ready_line, find_api_url
from guildway.invocation import Invocation
from guildway.welcome import write_welcome

ADDRESSES = Addresses(api="http://127.0.0.1:1", gateway="ws://127.0.0.1:2", metrics="")


def test_ready_line_names_every_listener() -> None:
    assert encode_ready_line(ADDRESSES) == "ready api=http://127.0.0.1:1 gateway=ws://127.0.0.1:2 metrics=-"


def test_unix_socket_is_the_address_of_its_api() -> None:
    assert find_api_url(Settings(api=ApiSettings(host="unix:/run/api.sock"))) == "unix:/run/api.sock"


def test_welcome_holds_shell_commands_with_this_servers_addresses() -> None:
    out = io.StringIO()
    write_welcome(ADDRESSES, Invocation(command="guildway", python="python3", has_examples=True), out)
    commands = [line for line in out.getvalue().splitlines() if line.startswith("  ")]
    assert "  API=http://127.0.0.1:1/api/v10" in commands
    assert "GATEWAY_URL=ws://127.0.0.1:2" in out.getvalue()
    assert {"  guildway demo --url http://127.0.0.1:1", "  python3 examples/bot.py"} <= set(commands)
    subprocess.run(["sh", "-n"], input="\n".join(commands), text=True, check=True)


def test_welcome_of_a_server_with_tls_has_commands_that_its_loopback_address_answers() -> None:
    out = io.StringIO()
    tls = Addresses(api="https://127.0.0.1:1", gateway="wss://127.0.0.1:2", metrics="")
    write_welcome(tls, Invocation(command="guildway", python="python3", has_examples=True), out)
    assert 'curl -sSk "$API/$1"' in out.getvalue()


def test_welcome_names_no_files_where_there_are_none() -> None:
    out = io.StringIO()
    write_welcome(ADDRESSES, Invocation(command="guildway", python="python3", has_examples=False), out)
    assert "examples/" not in out.getvalue()
    assert "docs/" not in out.getvalue()
