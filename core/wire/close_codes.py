"""The close codes that the gateway sends, as values.

4000-4014 are Discord's (documentation, "Gateway Close Event Codes"). The reserved WebSocket codes below them are for
cases without a row in Discord's table; stock libraries resume after each of them. `may_reconnect` and `may_resume` tell
the next steps that a client may take. They are documentation, and tests compare the gateway's behaviour with them.
"""

from typing import Final

import msgspec


class CloseCode(msgspec.Struct, kw_only=True, frozen=True):
    """A close code with its meaning. `reason` goes into the close frame and has at most 123 bytes."""

    code: int
    reason: str
    may_resume: bool = True
    """Whether the session is kept for the resume window."""
    may_reconnect: bool = True
    """Whether a new connection can help. It cannot when the client's request is wrong and will stay wrong."""


def _fatal(code: int, reason: str) -> CloseCode:
    return CloseCode(code=code, reason=reason, may_resume=False, may_reconnect=False)


NORMAL: Final = CloseCode(code=1000, reason="Closed.", may_resume=False)
"""The answer to a client's own 1000, and to a close frame without a code."""
GOING_AWAY: Final = CloseCode(code=1001, reason="The server stops.")
PROTOCOL_ERROR: Final = CloseCode(code=1002, reason="Broken WebSocket framing.")
"""Unmasked frames, reserved bits, unknown WebSocket opcodes, fragments out of order (RFC 6455 section 7.4.1)."""
INTERNAL_ERROR: Final = CloseCode(code=1011, reason="Internal error.")
SLOW_CLIENT: Final = CloseCode(code=1013, reason="Too slow: too many bytes wait to be read. Resume when you can.")
"""The client reads more slowly than its events come, and may try again later."""

UNKNOWN_ERROR: Final = CloseCode(code=4000, reason="Unknown error.")
UNKNOWN_OPCODE: Final = CloseCode(code=4001, reason="Unknown opcode.")
DECODE_ERROR: Final = CloseCode(code=4002, reason="Error while decoding payload.")
NOT_AUTHENTICATED: Final = CloseCode(code=4003, reason="Not authenticated.", may_resume=False)
AUTHENTICATION_FAILED: Final = _fatal(4004, "Authentication failed.")
ALREADY_AUTHENTICATED: Final = CloseCode(code=4005, reason="Already authenticated.")
INVALID_SEQ: Final = CloseCode(code=4007, reason="Invalid seq.", may_resume=False)
RATE_LIMITED: Final = CloseCode(code=4008, reason="You are sending too fast.")
SESSION_TIMED_OUT: Final = CloseCode(code=4009, reason="Session timed out.")
INVALID_SHARD: Final = _fatal(4010, "Invalid shard.")
SHARDING_REQUIRED: Final = _fatal(4011, "Sharding required.")
INVALID_API_VERSION: Final = _fatal(4012, "Invalid API version.")
INVALID_INTENTS: Final = _fatal(4013, "Invalid intent(s).")
DISALLOWED_INTENTS: Final = _fatal(4014, "Disallowed intent(s).")

UNKNOWN_TRANSPORT: Final = CloseCode(code=4002, reason="Unknown encoding or compression.", may_resume=False)
