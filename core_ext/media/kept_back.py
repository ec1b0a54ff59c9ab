"""Why a packet of a client is not passed on."""

import enum


class KeptBack(enum.StrEnum):
    """Why a packet of a client is not passed on; the value is the word by which it is counted."""

    NO_KEYS = "no keys"
    """Its handshake is not done, or its connection is over."""
    MUTED = "muted"
    """It may not send this, or its camera is off."""
    STRANGER = "stranger"
    """It would be one stream too many."""
    FORGED = "forged"
    """It was not made with the client's key, has been changed, or came before."""
    UNKNOWN = "unknown"
    """The others could not read it, or were not told of such a stream."""
    REPEATED = "repeated"
    """One of its number has come before: its nonce or its place in the stream is used up."""
    QUIET = "quiet"
    """Others of the room are louder."""
    FLOOD = "flood"
    """Its sender has sent too many."""
    EMPTY = "empty"
    """There is no picture in it: browsers try with such packets what their network carries."""
