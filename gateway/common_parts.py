"""The parts of a gateway that most others need. A part gets by name the ones that it uses."""

import msgspec

from core.bus.interfaces import Bus
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.randomness import Randomness
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import Settings
from core.store.interfaces import Store
from gateway.events.event_meter import EventMeter
from gateway.events.event_tracing import EventTracing
from gateway.far.neighbours import Neighbours
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending
from gateway.scheduling.tasks import Tasks
from gateway.transport.surroundings import Surroundings
from gateway.voice.interfaces import VoicePort


class Common(msgspec.Struct, kw_only=True, frozen=True):
    """What both sides of the composition root are given (`gateway.homes_side`, `gateway.host_side`)."""

    store: Store
    bus: Bus
    clock: Clock
    call_later: CallLater
    settings: Settings
    current_limits: CurrentLimits
    metrics: Metrics
    surroundings: Surroundings
    random: Randomness
    tasks: Tasks
    meter: EventMeter
    sending: Sending
    voice: VoicePort
    tracing: EventTracing | None
    """None where nothing is traced."""
    neighbours: Neighbours | None
    """The other workers, None for a gateway that has all guilds itself."""
