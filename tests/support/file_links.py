"""Links to files for an API that a test builds by itself."""

from api.services.files.file_links import FileLinks
from api.services.previews.external_links import ExternalLinks
from core.runtime.clock import Clock

BASE_URL = "http://files.test"


def make_links(clock: Clock) -> FileLinks:
    """Make links with a key that everybody knows."""
    return FileLinks(key=b"key", base_url=BASE_URL, clock=clock, lifetime_s=86_400.0)


def make_external_links() -> ExternalLinks:
    """Make links to pictures of other servers, with the same key."""
    return ExternalLinks(key=b"key", base_url=BASE_URL)
