"""Links to files: signed, and good for a time, so that whoever finds an old one has nothing.

    /attachments/{channel}/{file}/{name}?ex=…&is=…&hm=…        ex: until when, is: since when, hm: the signature

The signature is over the path and both times. It is not over what a client adds itself, such as the size of a
thumbnail. Times are in steps of a part of the lifetime, so a message that is shown again soon has the same links, and a
browser finds their files in its cache.
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import quote

from core.domain.messages.attachment import Attachment
from core.runtime.clock import Clock

KEY_NAME: Final = "file links"
"""The name of the key among the server's secrets."""
KEY_BYTES: Final = 32

_STEPS: Final = 24


class FileLinks:
    """Makes links and knows its own."""

    __slots__ = ("_clock", "_key", "_lifetime_s", "_step_s", "base_url")

    def __init__(self, *, key: bytes, base_url: str, clock: Clock, lifetime_s: float) -> None:
        """`base_url` is the address by which clients reach the API, without a slash at its end."""
        self._key = key
        self._clock = clock
        self._lifetime_s = int(lifetime_s)
        self._step_s = max(1, int(lifetime_s) // _STEPS)
        self.base_url = base_url.rstrip("/")

    def link_to(self, channel_id: int, attachment: Attachment) -> str:
        """Make the link to a message's file."""
        return self.sign(path_of(channel_id, attachment.id, attachment.filename))

    def sign(self, path: str, *, lifetime_s: float | None = None) -> str:
        """Make a link to a path. Its `&` at the end invites clients to add to it, as Discord's do."""
        now_s = self._clock.now_ms() // 1000
        if lifetime_s is None:
            since_s = now_s - now_s % self._step_s
            until_s = since_s + self._lifetime_s + self._step_s
        else:
            since_s, until_s = now_s, now_s + int(lifetime_s)
        since, until = f"{since_s:x}", f"{until_s:x}"
        return f"{self.base_url}{quote(path)}?ex={until}&is={since}&hm={self._compute(path, until, since)}&"

    def is_good(self, path: str, *, until: str, since: str, signature: str) -> bool:
        """Tell whether the link was made here and its time is not over. `path` is decoded."""
        if not hmac.compare_digest(self._compute(path, until, since).encode(), signature.encode()):
            return False
        return self.find_rest_s(until) > 0

    def find_rest_s(self, until: str) -> int:
        """Return for how long a link that was made here is still good."""
        return max(int(until, 16) - self._clock.now_ms() // 1000, 0)

    def _compute(self, path: str, until: str, since: str) -> str:
        text = f"{path}\n{until}\n{since}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def path_of(channel_id: int, file_id: int, filename: str) -> str:
    """Return the path at which a file is served."""
    return f"/attachments/{channel_id}/{file_id}/{filename}"
