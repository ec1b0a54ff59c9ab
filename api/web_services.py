"""The web side of the composition root: what is fetched from other servers. Nothing, when the settings say so."""

import msgspec

from api.services.previews.embed_pictures import EmbedPictures
from api.services.previews.external_links import ExternalLinks
from api.services.previews.external_pictures import ExternalPictureService
from api.services.previews.kept_pictures import KeptPictures
from api.services.previews.preview_embeds import PreviewEmbeds
from api.services.previews.previewer import Previewer
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import WebMetrics
from core.runtime.settings.settings import EmbedSettings
from core.web.address_rules import AddressRules
from core.web.fetcher import WebFetcher
from core.web.lookup import find_addresses


class WebParts(msgspec.Struct, kw_only=True, frozen=True):
    """What other sides need of the web."""

    fetcher: WebFetcher | None
    previewer: Previewer | None
    pictures: EmbedPictures
    external_pictures: ExternalPictureService
    settings: EmbedSettings
    metrics: WebMetrics

    async def close(self) -> None:
        """Close the connections to other servers."""
        if self.fetcher is not None:
            await self.fetcher.close()


def build_web_parts(*, external: ExternalLinks, settings: EmbedSettings, clock: Clock, metrics: WebMetrics) -> WebParts:
    """Make the parts."""
    rules = AddressRules(allowed_networks=settings.allowed_networks, ports=settings.ports)
    fetcher = WebFetcher(rules=rules, lookup=find_addresses, timeout_s=settings.timeout_s) if settings.enabled else None
    previewer = None
    if fetcher is not None:
        embeds = PreviewEmbeds(links=external, rules=rules)
        previewer = Previewer(fetcher=fetcher, embeds=embeds, settings=settings, clock=clock, metrics=metrics)
    return WebParts(
        fetcher=fetcher,
        previewer=previewer,
        pictures=EmbedPictures(links=external if settings.enabled else None),
        external_pictures=ExternalPictureService(
            fetcher=fetcher,
            links=external,
            kept=KeptPictures(
                most_bytes=settings.kept_picture_bytes,
                lifetime_s=settings.cache_lifetime_s,
                monotonic_s=clock.monotonic_s,
            ),
            max_bytes=settings.max_picture_bytes,
            max_open=settings.open_pictures,
            max_of_address=settings.open_pictures_of_address,
            metrics=metrics,
        ),
        settings=settings,
        metrics=metrics,
    )
