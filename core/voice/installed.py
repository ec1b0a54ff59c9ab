"""Whether this installation can have voice. The ciphers of packets are an extra, which a server without voice lacks."""

import importlib.util
import logging
from typing import Final

from core.runtime.settings.settings import VoiceSettings

logger = logging.getLogger(__name__)

_LIBRARIES: Final = ("cryptography", "nacl", "aiortc")


def has_voice(settings: VoiceSettings) -> bool:
    """Tell whether there is voice: it is wanted, and its libraries are installed. The log says when only these lack."""
    if not settings.enabled:
        return False
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        logger.warning("no voice: install the extra guildway[voice], or set voice.enabled to false")
    return not missing
