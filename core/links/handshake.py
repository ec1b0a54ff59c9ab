"""The first three messages on a wire, by which two lives of workers know each other and how they go on. No I/O.

```
 dialler                                          answerer
   hello: cluster, both names, nonce ───────────────→  is it me, do I know you, is it yours to dial?
   ←────────────── welcome: nonce, standing, proof
 checks the proof, decides
   proof: standing, proof ──────────────────────────→  checks the proof, decides
   frames …                                            frames …
```

A proof is an HMAC with the cluster's secret over both nonces, both names, the sender's role and what it says of itself,
so none can be repeated elsewhere or sent back to who made it. The name of a conversation that begins is an HMAC of the
same nonces. A stranger learns from the answerer that it is there, and which frame has arrived last. What follows is not
encrypted and not signed: workers talk in a private network.

Of two workers the one with the smaller name dials, so a pair has one wire. The answerer's standing is fixed in its
welcome, and the wire is given up when its conversation has become another one before the proof comes.
"""

import hmac
from collections.abc import Callable, Collection
from typing import Final

import msgspec

from core.links.messages import VERSION, Greeting, Hello, Proof, Standing, Welcome

_NONCE_BYTES: Final = 16
_NAME_BYTES: Final = 16
"""Enough that no two are ever the same."""


class Refused(Exception):
    """The other side is not whom this side talks to."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who this side is."""

    cluster: str
    """The id of the cluster, from its database."""
    secret: bytes
    """The secret that all workers of the cluster have."""
    incarnation: str


class Met(msgspec.Struct, frozen=True):
    """The other side, which has proved that it has the secret."""

    peer: str
    standing: Standing
    new_name: bytes
    """The name of the conversation, if it begins now."""


def is_dialler(own: str, peer: str) -> bool:
    """Return whether it is ours to connect to this peer."""
    return own < peer


class Dialling:
    """The dialler's part."""

    __slots__ = ("_identity", "hello")

    def __init__(self, *, identity: Identity, peer: str, token_bytes: Callable[[int], bytes]) -> None:
        self._identity = identity
        self.hello = Hello(VERSION, identity.cluster, identity.incarnation, peer, token_bytes(_NONCE_BYTES))
        """The message to begin with."""

    def meet(self, welcome: Greeting, own: Standing) -> tuple[Met, Proof]:
        """Check the answer; return whom it is from, and our own proof. Raises Refused."""
        if not isinstance(welcome, Welcome):
            raise Refused("it does not answer with a welcome")
        signer = _Signer(self._identity.secret, self.hello, welcome.nonce)
        signer.check("answerer", welcome.standing, welcome.proof)
        met = Met(self.hello.answerer, welcome.standing, signer.name_conversation())
        return met, Proof(own, signer.sign("dialler", own))


class Answering:
    """The answerer's part."""

    __slots__ = ("_signer", "peer", "welcome")

    def __init__(
        self,
        *,
        identity: Identity,
        hello: Greeting,
        known: Collection[str],
        find_standing: Callable[[str], Standing],
        token_bytes: Callable[[int], bytes],
    ) -> None:
        """Check who asks, and be ready to answer. `known` are the peers that there are. Raises Refused."""
        if not isinstance(hello, Hello):
            raise Refused("it does not begin with a hello")
        _check_hello(hello, identity, known)
        self.peer = hello.dialler
        nonce = token_bytes(_NONCE_BYTES)
        self._signer = _Signer(identity.secret, hello, nonce)
        standing = find_standing(self.peer)
        self.welcome = Welcome(nonce, standing, self._signer.sign("answerer", standing))
        """The message to answer with."""

    def meet(self, proof: Greeting, own: Standing) -> Met:
        """Check the other side's proof; `own` is our standing by now. Raises Refused."""
        if not isinstance(proof, Proof):
            raise Refused("it does not go on with a proof")
        self._signer.check("dialler", proof.standing, proof.proof)
        if own.conversation != self.welcome.standing.conversation:
            raise Refused("the conversation has become another one meanwhile")
        return Met(self.peer, proof.standing, self._signer.name_conversation())


def _check_hello(hello: Hello, identity: Identity, known: Collection[str]) -> None:
    if hello.version != VERSION:
        raise Refused(f"it speaks version {hello.version} of links, and this worker {VERSION}")
    if hello.cluster != identity.cluster:
        raise Refused("it is of another cluster")
    if hello.answerer != identity.incarnation:
        raise Refused("it looks for another worker, or for an earlier life of this one")
    if hello.dialler not in known:
        raise Refused("it is not among the workers that there are")
    if not is_dialler(hello.dialler, identity.incarnation):
        raise Refused("it is not the one of the two that connects")
    if len(hello.nonce) != _NONCE_BYTES:
        raise Refused("its nonce is too short or too long")


class _Signer:
    """Makes and checks the proofs of one handshake."""

    __slots__ = ("_about", "_secret")

    def __init__(self, secret: bytes, hello: Hello, nonce: bytes) -> None:
        self._secret = secret
        self._about = (hello, nonce)

    def sign(self, role: str, standing: Standing) -> bytes:
        return hmac.digest(self._secret, msgspec.msgpack.encode((role, self._about, standing)), "sha256")

    def check(self, role: str, standing: Standing, proof: bytes) -> None:
        if not hmac.compare_digest(proof, self.sign(role, standing)):
            raise Refused("it does not have the secret of the cluster")

    def name_conversation(self) -> bytes:
        return hmac.digest(self._secret, msgspec.msgpack.encode(("conversation", self._about)), "sha256")[:_NAME_BYTES]
