"""All routes of the product. A new routes module is added here."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from api.http.route import Route
from api.routes import documentation, empty_lists, images, instance
from api.routes.administration import announcements as admin_announcements
from api.routes.administration import guilds as admin_guilds
from api.routes.administration import instance as admin_instance
from api.routes.administration import people as admin_people
from api.routes.administration import reports as admin_reports
from api.routes.administration import staff as admin_staff
from api.routes.channels import call_peers, calls, channels, direct_channels, overwrites, typing_indicators
from api.routes.clients import discovery, first_questions, preferences
from api.routes.guilds import (
    bans,
    guilds,
    ice_servers,
    invites,
    members,
    own_voice,
    roles,
    stage_instances,
    voice_sessions,
    voice_states,
    webhooks,
)
from api.routes.messages import external_pictures, files, messages, pins, reactions
from api.routes.people import (
    applications,
    auth,
    chats,
    last_seen,
    mentions,
    read_receipts,
    read_states,
    relationships,
    reports,
    users,
)

API_ROUTES: Final[tuple[Route, ...]] = (
    *auth.ROUTES,
    *users.ROUTES,
    *applications.ROUTES,
    *instance.ROUTES,
    *discovery.ROUTES,
    *empty_lists.ROUTES,
    *first_questions.ROUTES,
    *preferences.ROUTES,
    *relationships.ROUTES,
    *reports.ROUTES,
    *direct_channels.ROUTES,
    *calls.ROUTES,
    *call_peers.ROUTES,
    *messages.ROUTES,
    *reactions.ROUTES,
    *pins.ROUTES,
    *read_receipts.ROUTES,
    *read_states.ROUTES,
    *files.ROUTES,
    *mentions.ROUTES,
    *chats.ROUTES,
    *last_seen.ROUTES,
    *typing_indicators.ROUTES,
    *guilds.ROUTES,
    *channels.ROUTES,
    *overwrites.ROUTES,
    *roles.ROUTES,
    *members.ROUTES,
    *bans.ROUTES,
    *invites.ROUTES,
    *stage_instances.ROUTES,
    *voice_sessions.ROUTES,
    *voice_states.ROUTES,
    *own_voice.ROUTES,
    *ice_servers.ROUTES,
    *webhooks.ROUTES,
)
"""The routes below the API's prefix, which its document describes."""


ADMIN_ROUTES: Final[tuple[Route, ...]] = (
    *admin_people.ROUTES,
    *admin_guilds.ROUTES,
    *admin_reports.ROUTES,
    *admin_announcements.ROUTES,
    *admin_staff.ROUTES,
    *admin_instance.ROUTES,
)
"""The routes of instance staff, which stand beside the API, so that a proxy can shut them out by one rule."""


def declare_root_routes(document: Mapping[str, Any]) -> Sequence[Route]:
    """The routes that stand beside the API: its `document`, pictures, files of messages, and those of staff."""
    beside = (images.ROOT_ROUTES, files.ROOT_ROUTES, external_pictures.ROOT_ROUTES, discovery.ROOT_ROUTES)
    return tuple(chain(documentation.declare_documentation(document), *beside, ADMIN_ROUTES))
