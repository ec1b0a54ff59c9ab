"""What a process of a cluster refuses before it opens anything."""

import pytest

from core.runtime.errors import StartError
from core.runtime.settings.settings import GatewaySettings, Settings
from guildway.processes.cluster import open_role
from guildway.processes.roles import Role


async def test_worker_has_no_unix_socket() -> None:
    settings = Settings(gateway=GatewaySettings(host="unix:/run/gateway.sock", public_url="wss://gateway.example.org"))
    with pytest.raises(StartError, match="a cluster's workers need ports"):
        async with open_role(settings, role=Role.WORKER, name="worker-1"):
            pass
