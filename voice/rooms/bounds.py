"""How long a node waits for clients, and how much it takes of them."""

import msgspec

from core_ext.media import HOLD_S


class Bounds(msgspec.Struct, kw_only=True, frozen=True):
    """The bounds of one node. Times are in seconds."""

    heartbeat_interval_s: float = 13.75
    """Discord's. Libraries that find it too long beat faster."""
    heartbeat_timeout_s: float = 30.0
    """The time without a heartbeat after which a socket is given up; the seat can be resumed."""
    identify_s: float = 10.0
    """The time in which a socket must have identified itself."""
    admission_s: float = 2.0
    """How long a client with a valid token waits for the gateway's order, which has another way and may be later."""
    resume_s: float = 15.0
    """How long a seat is kept for a client whose socket is gone. Its media goes on meanwhile."""
    unclaimed_s: float = 30.0
    """How long the seats of a gateway that is gone wait for another one, which is the home of their guilds after some
    seconds."""
    transition_s: float = 2.0
    """How long a room waits for clients that get ready for other keys, while all others use the old ones."""
    answer_s: float = 10.0
    """How long clients have to send key packages when their room takes DAVE up. Some libraries cannot change to it."""
    commands_per_minute: int = 240
    """Each key that is pressed to talk is two commands."""
    connections_per_address: int = 256
    """Many clients may have one address, and one address must not have all sockets."""
    connections: int = 8192
    most_voices: int = 8
    """The voices of a room that are passed on at once: the loudest. The setting is `voice.most_voices`."""
    hold_s: float = HOLD_S
    """How long the silence of one of them is a pause, in which nobody takes its place."""
    load_s: float = 1.0
    """The time between two reports of the node's load."""
