"""What the server says of itself: its addresses, its name and its limits. Nothing here is a secret.

Clients compare the addresses with the one that was typed. So the host that was asked is named, unless the operator has
set the address by which clients reach the API.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from api.services.accounts.auth import Registration
from api.services.members.membership import MAX_GUILDS
from api.services.roles.role_rules import MAX_ROLES
from api.services.single_flight import SingleFlight
from core.domain import texts
from core.domain.instance.registration import RegistrationMode
from core.runtime.clock import Clock
from core.runtime.settings.settings import Settings
from core.store.aggregates.instance_counts import InstanceCountReader
from core.wire.objects.instance import (
    ApiAddress,
    ClientDiscovery,
    FileAddress,
    InstanceDomains,
    InstancePolicy,
    InstanceStats,
    OldDiscovery,
    PingInstance,
    Pong,
    ShownCounts,
    SocketAddress,
)

_COUNTS_LIFETIME_S: Final = 300.0
"""The age of counts at most. So strangers who ask without end cost one count in five minutes."""

_REQUIRED: Final = frozenset(field.name for field in msgspec.structs.fields(Registration) if field.required)
"""The fields without which nobody registers."""

_LIMITS: Final[Mapping[str, Any]] = {
    "limits_user_maxGuilds": MAX_GUILDS,
    "limits_user_maxBio": texts.BIO.max_length,
    "limits_guild_maxEmojis": 0,
    "limits_guild_maxRoles": MAX_ROLES,
    "limits_message_maxCharacters": texts.MESSAGE_CONTENT.max_length,
    "limits_channel_maxWebhooks": 0,
    "register_dateOfBirth_required": "date_of_birth" in _REQUIRED,
    "register_password_required": "password" in _REQUIRED,
    "register_email_required": "email" in _REQUIRED,
    "register_allowMultipleAccounts": True,
    "guild_autoJoin_canLeave": True,
    "guild_autoJoin_guilds_x": [],
    "can_recover_account": False,
}
"""What is the same on every server. 0 is the limit of what is not built."""


class InstanceService:
    """Describes the server to a client that asked for it under some host."""

    __slots__ = ("_clock", "_counts", "_counts_end_s", "_find_mode", "_gateway_url", "_reader", "_settings")

    def __init__(
        self,
        *,
        settings: Settings,
        gateway_url: Callable[[str], str],
        counts: InstanceCountReader,
        find_mode: Callable[[], Awaitable[RegistrationMode]],
        clock: Clock,
    ) -> None:
        """`gateway_url` gives the gateway's address for the Host header of a request, `find_mode` who may register."""
        self._gateway_url = gateway_url
        self._find_mode = find_mode
        self._settings = settings
        self._reader = counts
        self._clock = clock
        self._counts: SingleFlight[None, ShownCounts] = SingleFlight(self._read_counts, capacity=1)
        self._counts_end_s = 0.0
        """The time from which on the counts are too old."""

    def describe(self, scheme: str, host: str) -> ClientDiscovery:
        """Return the addresses of API, files and gateway."""
        base = self._base(scheme, host)
        return ClientDiscovery(
            api=ApiAddress(base_url=base),
            cdn=FileAddress(base_url=base),
            gateway=SocketAddress(base_url=self._gateway_url(host)),
        )

    def describe_shortly(self, scheme: str, host: str) -> OldDiscovery:
        """Return the address of the API alone."""
        return OldDiscovery(api=f"{self._base(scheme, host)}/api/v9")

    def list_domains(self, scheme: str, host: str) -> InstanceDomains:
        """Return the addresses in the older form."""
        base = self._base(scheme, host)
        return InstanceDomains(api=f"{base}/api/", api_endpoint=base, cdn=base, gateway=self._gateway_url(host))

    def greet(self) -> Pong:
        """Return a sign of life."""
        shown = self._settings.instance
        return Pong(instance=PingInstance(id=shown.name, name=shown.name, description=shown.description))

    def introduce(self) -> InstancePolicy:
        """Return name and description."""
        shown = self._settings.instance
        return InstancePolicy(instanceName=shown.name, instanceDescription=shown.description, instanceId=shown.name)

    async def count(self) -> InstanceStats:
        """Return how many people, guilds and memberships there are; nothing when the operator hides it.

        Raises:
            Unavailable
        """
        if not self._settings.instance.show_counts:
            return InstanceStats()
        if self._clock.monotonic_s() >= self._counts_end_s:
            self._counts_end_s = self._clock.monotonic_s() + _COUNTS_LIFETIME_S
            self._counts.clear()
        return InstanceStats(counts=await self._counts.get(None))

    async def _read_counts(self, _: None) -> ShownCounts:
        found = await self._reader.count_all()
        return ShownCounts(user=found.people, guild=found.guilds, members=found.members)

    async def list_limits(self) -> dict[str, Any]:
        """Return the limits that clients heed before they ask."""
        largest = self._settings.files.max_file_bytes
        registration = await self._find_mode()
        return {
            **_LIMITS,
            "register_disabled": registration == "closed",
            "register_requireInvite": registration == "invite",
            "register_allowNewRegistration": registration != "closed",
            "limits_message_maxAttachmentSize": largest,
            "limits_message_maxEmbedDownloadSize": largest,
        }

    def _base(self, scheme: str, host: str) -> str:
        return self._settings.files.public_url.rstrip("/") or f"{scheme}://{host}"
