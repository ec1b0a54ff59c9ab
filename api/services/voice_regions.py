"""The voice regions that channels may name: "automatic", and those of the settings."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from core.domain.errors import invalid_field
from core.domain.guilds.guild import AUTOMATIC_REGION
from core.runtime.settings.settings import VoiceSettings
from core.wire.objects.guilds.guild import VoiceRegion

RtcRegion = Annotated[str, Meta(max_length=64)]
"""A region in a form, which `VoiceRegionService.check` checks."""


class VoiceRegionService:
    """The regions of one server."""

    __slots__ = ("_ids", "_own")

    def __init__(self, settings: VoiceSettings) -> None:
        self._own: Final = settings.region or AUTOMATIC_REGION
        """The region of this machine, which is near to whoever asks it."""
        self._ids: Final = tuple(dict.fromkeys((AUTOMATIC_REGION, self._own, *settings.regions)))

    def list_all(self) -> list[VoiceRegion]:
        """Return the regions as clients are shown them."""
        return [VoiceRegion(id=id_, name=_name(id_), optimal=id_ == self._own) for id_ in self._ids]

    def check(self, region: str | UnsetType | None, path: tuple[str | int, ...] = ("rtc_region",)) -> None:
        """Check a region that a request names. Raises Invalid."""
        if region is not None and region is not UNSET and region not in self._ids:
            raise invalid_field(path, "BASE_TYPE_CHOICES", f"Value must be one of {self._ids}.")


def _name(region: str) -> str:
    return region.replace("-", " ").title()
