"""A Welcome: what new members must know of the group, encrypted for each of them (RFC 9420, section 12.4.3.1)."""

from collections.abc import Mapping

import msgspec

from voice.mls.labels import CIPHER_SUITE
from voice.mls.presentation import BadMessage, Reader, encode_uint, encode_vector


class Welcome(msgspec.Struct, frozen=True):
    """A Welcome. `secrets` has what is encrypted for each, by the name of its key package."""

    secrets: Mapping[bytes, bytes]
    group_info: bytes

    def encode_for(self, ref: bytes) -> bytes:
        """Write what one of them needs: it gets nobody else's secrets."""
        return encode_uint(CIPHER_SUITE, 2) + encode_vector(self.secrets[ref]) + encode_vector(self.group_info)


def parse_welcome(data: bytes) -> Welcome:
    """Read a Welcome. Raises BadMessage."""
    reader = Reader(data)
    if reader.uint(2) != CIPHER_SUITE:
        raise BadMessage("another cipher suite than that of DAVE 1")
    secrets: dict[bytes, bytes] = {}
    for each in reader.vectors():
        start = each.at
        ref = each.vector()
        each.vector()  # the encapsulated key
        each.vector()  # the secrets, encrypted with it
        if ref in secrets:
            raise BadMessage("two secrets for one new member")
        secrets[ref] = each.since(start)
    group_info = reader.vector()
    reader.end()
    return Welcome(secrets, group_info)
