"""What the tests of sockets are given."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.core_ext.sockets.socket_scene import MakeScene, Scene


@pytest.fixture
def make_scene() -> Iterator[MakeScene]:
    scenes: list[Scene] = []

    def make(kernel: Any, **limits: Any) -> Scene:
        scenes.append(Scene(kernel, **limits))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.table.close()
        scene.server.close()
        for client in scene.clients:
            client.close()
