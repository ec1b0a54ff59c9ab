"""The fixtures of the sockets' tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.core_ext.sockets.socket_scene import ListeningTable, MakeScene


@pytest.fixture
def make_scene() -> Iterator[MakeScene]:
    scenes: list[ListeningTable] = []

    def make(kernel: Any, **limits: Any) -> ListeningTable:
        scenes.append(ListeningTable(kernel, **limits))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.table.close()
        scene.server.close()
        for client in scene.clients:
            client.close()
