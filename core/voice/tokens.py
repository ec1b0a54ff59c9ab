"""Voice tokens: what a client shows a media node to take its seat.

A token is a signed text: the seat, the epoch of its room, an end and a random number, in msgpack, and an HMAC-SHA-256
over them with a secret that gateways and nodes share. Clients read nothing of it. It is valid for a short time, at the
node that has been told to expect the seat, and once: the node remembers the random numbers of the tokens that were used
until their time is over anyway (`UsedTokens`).
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from core.voice.seats import Seat

TOKEN_LIFETIME_MS: Final = 60_000
"""The time from VOICE_SERVER_UPDATE to Identify, which a client that retries a few times still keeps."""
NONCE_BYTES: Final = 12
"""Enough that no two tokens of one secret are ever alike."""

_PROOF_BYTES: Final = 32
_LONGEST: Final = 1024
"""More than a token has, and little to decode for nothing."""


class BadToken(Exception):
    """The text is no token of ours, or its time is over."""


class Claims(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a token says."""

    seat: Seat
    epoch: int
    """The epoch of the room: how often it was placed. A token of an earlier place is worth nothing at the new one."""
    expires_ms: int
    nonce: bytes


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Claims).decode


def sign_token(secret: bytes, claims: Claims) -> str:
    """Write a token."""
    body = _encode(claims)
    return urlsafe_b64encode(_prove(secret, body) + body).decode().rstrip("=")


def read_token(secret: bytes, token: str, *, now_ms: int) -> Claims:
    """Read a token. Raises BadToken."""
    if len(token) > _LONGEST or not token.isascii():
        raise BadToken("it is no token")
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken("it is no token") from error
    proof, body = raw[:_PROOF_BYTES], raw[_PROOF_BYTES:]
    if not hmac.compare_digest(proof, _prove(secret, body)):
        raise BadToken("it is signed by somebody else")
    try:
        claims = _decode(body)
    except msgspec.DecodeError as error:  # of another version
        raise BadToken("it cannot be read") from error
    if claims.expires_ms <= now_ms:
        raise BadToken("its time is over")
    return claims


def _prove(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"voice token:" + body, "sha256")


class UsedTokens:
    """The tokens that were used and whose time is not over. Others need no memory: they are refused by their time."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[bytes, int] = {}
        """The end of each, by its nonce; those that were used first come first."""

    def __len__(self) -> int:
        return len(self._ends)

    def use(self, claims: Claims, *, now_ms: int) -> bool:
        """Use a token that is valid now; return whether that was the first time."""
        self._forget(now_ms)
        if claims.nonce in self._ends:
            return False
        self._ends[claims.nonce] = claims.expires_ms
        return True

    def _forget(self, now_ms: int) -> None:
        # Tokens are not used in the order of their ends, so an early one may wait behind a later one, for a lifetime.
        while self._ends:
            oldest = next(iter(self._ends))
            if self._ends[oldest] > now_ms:
                return
            del self._ends[oldest]
