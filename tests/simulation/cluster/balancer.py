"""The address of a cluster's API: each request goes to one of the processes, by the seed."""

from collections.abc import Callable, Sequence
from random import Random

from tests.simulation.world.network import Answer, HttpPort, Request


class Balancer:
    """The ports of the processes behind one address, as clients use it (`HttpPort.call`)."""

    def __init__(self, ports: Sequence[HttpPort], chance: Random) -> None:
        self._ports = ports
        self._chance = chance
        self.only: int | None = None
        """The one process that all requests go to; None for any."""

    async def call(self, request: Request, *, timeout_s: float) -> Answer:
        """Send a request. Raises ConnectionLost when no answer comes."""
        number = self._chance.randrange(len(self._ports)) if self.only is None else self.only
        return await self._ports[number].call(request, timeout_s=timeout_s)

    def set_lost_share(self, share: float) -> None:
        """Set the share of answers that never arrive."""
        for port in self._ports:
            port.lost_share = share

    def set_on_answer(self, on_answer: Callable[[int], None]) -> None:
        """Have the number of the process called with each answer."""
        for number, port in enumerate(self._ports):
            port.on_answer = lambda number=number: on_answer(number)
