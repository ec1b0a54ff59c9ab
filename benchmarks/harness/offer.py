"""Messages offered over HTTP at an even rate, whatever the answers do. It drives native/offer.c."""

from urllib.parse import urlsplit

from benchmarks.harness.builds import Builds
from benchmarks.harness.load_client import Waits
from benchmarks.harness.processes import CLIENT_CORE, PinnedProcess
from benchmarks.harness.product import Product

_CONNECTIONS = 64


class Offer:
    """An offer of `count` messages, `rate` a second, which begins at once."""

    __slots__ = ("_process",)

    def __init__(self, *, builds: Builds, product: Product, channel_id: int, token: str, rate: int, count: int) -> None:
        port, path = urlsplit(product.api).port, f"/api/v10/channels/{channel_id}/messages"
        self._process = PinnedProcess(
            [builds.program("offer"), str(port), path, token, str(_CONNECTIONS), str(rate), str(count)],
            on_core=CLIENT_CORE,
        )

    def wait(self) -> tuple[float, Waits]:
        """Wait until all are answered. Return how long that took, in s, and the waits from the intended time to the
        answer.
        """
        try:
            _, _, took_ns, *waits_ns = self._process.read().split()
        finally:
            self._process.stop()
        return int(took_ns) / 1e9, Waits(*(int(number) / 1e6 for number in waits_ns))
