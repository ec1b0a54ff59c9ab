"""Mutations of seeds without a fuzzer. The same random source gives the same ones, also on machines without atheris."""

import random
from collections.abc import Iterator

_INTERESTING = (
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\r\n",
    b"[",
    b'"',
    b"\x83",
    b"\x91",
)


def mutate(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change a seed in a few places. A change may insert a part of another seed."""
    data = bytearray(seed)
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(data) + 1)
        end = place + chance.choice((1, 1, 2, 4, 16))
        match chance.randrange(6):
            case 0:
                data[place:end] = chance.randbytes(end - place)
            case 1:
                del data[place:end]
            case 2:
                data[place:place] = data[place:end]
            case 3:
                data[place:end] = chance.choice(_INTERESTING)
            case 4:
                start = chance.randrange(len(other) + 1)
                data[place:place] = other[start : start + chance.choice((2, 8, 40))]
            case _ if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
    return bytes(data)


def mutations(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Return mutations without end."""
    while True:
        yield mutate(chance.choice(seeds), chance.choice(seeds), chance)
