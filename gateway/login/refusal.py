"""The refusal of a login."""

from core.wire.close_codes import CloseCode


class Refusal(Exception):
    """Ends an Identify. Without a close code the answer is op 9 `false`: the client may try again later.

    `hold_s` is the time for which that answer is held back, because some clients try again at once.
    """

    def __init__(self, close_code: CloseCode | None, *, hold_s: float = 0.0) -> None:
        super().__init__("invalid session" if close_code is None else close_code.reason)
        self.close_code = close_code
        self.hold_s = hold_s
