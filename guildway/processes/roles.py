"""The roles of a cluster's processes."""

from enum import StrEnum


class Role(StrEnum):
    """What one process of a cluster does."""

    API = "api"
    WORKER = "worker"
    ALL = "all"
    VOICE = "voice"
    """It keeps a media node."""

    @property
    def has_api(self) -> bool:
        """Whether it answers REST requests."""
        return self in (Role.API, Role.ALL)

    @property
    def has_gateway(self) -> bool:
        """Whether it holds clients' gateway connections."""
        return self in (Role.WORKER, Role.ALL)
