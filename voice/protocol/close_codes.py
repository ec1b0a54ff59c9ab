"""The close codes of the voice gateway, as values (Discord's documentation, "Voice Close Event Codes")."""

from typing import Final

from core.wire.close_codes import CloseCode


def _final(code: int, reason: str) -> CloseCode:
    return CloseCode(code=code, reason=reason, may_resume=False, may_reconnect=False)


UNKNOWN_OPCODE: Final = CloseCode(code=4001, reason="Unknown opcode.")
DECODE_ERROR: Final = CloseCode(code=4002, reason="Error while decoding payload.")
NOT_AUTHENTICATED: Final = CloseCode(code=4003, reason="Not authenticated.", may_resume=False)
AUTHENTICATION_FAILED: Final = _final(4004, "Authentication failed.")
ALREADY_AUTHENTICATED: Final = CloseCode(code=4005, reason="Already authenticated.")
SESSION_INVALID: Final = CloseCode(code=4006, reason="Session no longer valid.", may_resume=False)
SESSION_TIMED_OUT: Final = CloseCode(code=4009, reason="Session timed out.")
SERVER_NOT_FOUND: Final = _final(4011, "Server not found.")
UNKNOWN_PROTOCOL: Final = _final(4012, "Unknown protocol.")
DISCONNECTED: Final = _final(4014, "Disconnected: the channel was left, or another server has it now.")
SERVER_CRASHED: Final = CloseCode(code=4015, reason="The voice server ends. Resume.")
UNKNOWN_MODE: Final = _final(4016, "Unknown encryption mode.")
BAD_REQUEST: Final = _final(4020, "Bad request: this is the voice gateway, version 8 (/?v=8).")
RATE_LIMITED: Final = _final(4021, "You are sending too fast.")
CALL_ENDED: Final = _final(4022, "The call is over, or the channel is gone.")
