"""The roles of a cluster's processes."""

from enum import StrEnum


class Role(StrEnum):
    """What one process of a cluster does."""

    API = "api"
    WORKER = "worker"
    ALL = "all"

    @property
    def has_api(self) -> bool:
        """Whether it answers REST requests."""
        return self is not Role.WORKER

    @property
    def has_gateway(self) -> bool:
        """Whether it holds clients' gateway connections."""
        return self is not Role.API
