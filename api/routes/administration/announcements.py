"""/admin/announcements: messages of the server to people."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, post
from api.services.administration.administration_forms import SendAnnouncement
from api.services.administration.announcing import Announcing
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration import SentAnnouncement


@post("/admin/announcements", staff_role="owner", is_audited=True)
async def send_announcement(
    staff: Staff, data: SendAnnouncement, reason: str | None, announcing: Announcing
) -> SentAnnouncement:
    """Send a direct message of the server to up to a hundred people."""
    return await announcing.send(staff, data, reason)


ROUTES: Final[Sequence[Route]] = (send_announcement,)
