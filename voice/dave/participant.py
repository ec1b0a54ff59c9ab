"""What this room knows of people and time."""

from collections.abc import Callable
from typing import Protocol

from voice.protocol.payloads import BinaryPayload, Payload


class Participant(Protocol):
    """Somebody in the room, as one client."""

    @property
    def user_id(self) -> int:
        """Whose client it is."""

    @property
    def dave_version(self) -> int:
        """The latest version of DAVE that it speaks; 0 for none."""

    def send(self, payload: Payload | BinaryPayload) -> None:
        """Tell it something."""


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Do not call."""


CallLater = Callable[[float, Callable[[], None]], Timer]
