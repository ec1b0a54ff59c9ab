"""The gateway's transports of this version, as the setting `gateway.transport` names them."""

from typing import Final, get_args, get_type_hints

from core.runtime.settings.settings import GatewaySettings

_CHOSEN_BY_SYSTEM: Final = "auto"
TRANSPORTS: Final[list[str]] = [
    name for name in get_args(get_type_hints(GatewaySettings)["transport"]) if name != _CHOSEN_BY_SYSTEM
]
