"""AVIF and HEIC without metadata. Both are boxes in boxes (ISO/IEC 14496-12), with pictures as items (23008-12).

```
 ftyp   meta ─┬─ iinf   the items and their types: av01, hvc1, grid, … are pictures; Exif, mime (XMP), … are not
              ├─ iloc   where the bytes of each item are: in the file, or in idat
              └─ idat
 mdat   moov ─── trak   of a picture that moves
```

Places are counted from the start of the file, so nothing may move. Bytes of items that are no pictures are overwritten,
those of Exif by one without entries, since decoders may refuse what is no Exif at all. Boxes that no decoder needs
become free space. What follows the last whole box is left out.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from core.media.broken_picture import BrokenPicture

_PICTURES: Final = frozenset(
    (b"av01", b"hvc1", b"hev1", b"lhv1", b"avc1", b"vvc1", b"j2k1", b"jpeg", b"grid", b"iovl", b"iden", b"tmap")
)
_NEEDED: Final = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"styp"))
_LEFT_OUT_OF_MOVIES: Final = frozenset((b"udta", b"meta", b"uuid", b"free", b"skip"))

_NO_EXIF: Final = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
"""Where its TIFF begins, and a TIFF without entries."""


class _Box(NamedTuple):
    kind: bytes
    start: int
    body: int
    end: int


class _Change(NamedTuple):
    """Bytes that are put over others, as many."""

    start: int
    end: int
    put: bytes


class _Reader:
    """Reads numbers one after the other. Raises BrokenPicture past its end."""

    __slots__ = ("_data", "_end", "place")

    def __init__(self, data: memoryview, place: int, end: int) -> None:
        self._data = data
        self._end = end
        self.place = place

    def number(self, size: int) -> int:
        """Read a number of some bytes; 0 of none."""
        place, self.place = self.place, self.place + size
        if self.place > self._end:
            raise BrokenPicture
        return int.from_bytes(self._data[place : self.place], "big")


def clean_boxes(data: memoryview) -> Iterator[bytes | memoryview]:
    """Yield the file in pieces, without metadata and at the same places. Raises BrokenPicture."""
    boxes = list(_list_boxes(data, 0, len(data)))
    end = boxes[-1].end if boxes else 0
    if not {b"meta", b"moov"} & {box.kind for box in boxes}:
        raise BrokenPicture
    changes = [change for box in boxes for change in _list_changes(data, box, end)]
    place = 0
    for change in sorted(changes):
        if change.start < place:
            raise BrokenPicture  # two items share bytes
        yield data[place : change.start]
        yield change.put
        place = change.end
    yield data[place:end]


def _list_changes(data: memoryview, box: _Box, file_end: int) -> Iterator[_Change]:
    if box.kind == b"meta":
        yield from _empty_items(data, box, file_end)
    elif box.kind == b"moov":
        yield from _strip_movie(data, box)
    elif box.kind not in _NEEDED:
        yield from _free(box)


def _strip_movie(data: memoryview, movie: _Box) -> Iterator[_Change]:
    """Free what a movie, or a track of it, has beside its frames."""
    for part in _list_boxes(data, movie.body, movie.end):
        if part.kind in _LEFT_OUT_OF_MOVIES:
            yield from _free(part)
        elif part.kind == b"trak":
            yield from _strip_movie(data, part)


def _free(box: _Box) -> Iterator[_Change]:
    yield _Change(box.start + 4, box.start + 8, b"free")
    yield _Change(box.body, box.end, bytes(box.end - box.body))


def _empty_items(data: memoryview, meta: _Box, file_end: int) -> Iterator[_Change]:
    parts = {box.kind: box for box in _list_boxes(data, meta.body + 4, meta.end)}
    if b"iinf" not in parts or b"iloc" not in parts:
        raise BrokenPicture
    kinds = _read_kinds(data, parts[b"iinf"])
    idat = parts.get(b"idat")
    for item_id, extents in _read_places(data, parts[b"iloc"], idat, file_end):
        kind = kinds.get(item_id, b"")
        if kind in _PICTURES:
            continue
        for place, (start, end) in enumerate(extents):
            blank = b" " if kind == b"mime" else b"\0"
            put = _NO_EXIF if kind == b"Exif" and not place and end - start >= len(_NO_EXIF) else b""
            yield _Change(start, end, put.ljust(end - start, blank))


def _read_kinds(data: memoryview, iinf: _Box) -> dict[int, bytes]:
    reader = _Reader(data, iinf.body, iinf.end)
    version = reader.number(1)
    reader.number(3)
    reader.number(4 if version else 2)
    kinds = {}
    for box in _list_boxes(data, reader.place, iinf.end):
        entry = _Reader(data, box.body, box.end)
        entry_version = entry.number(1)
        if box.kind != b"infe" or entry_version not in (2, 3):
            raise BrokenPicture
        entry.number(3)
        item_id = entry.number(2 if entry_version == 2 else 4)
        entry.number(2)
        kinds[item_id] = entry.number(4).to_bytes(4, "big")
    return kinds


def _read_places(
    data: memoryview, iloc: _Box, idat: _Box | None, file_end: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield each item with the places of its bytes, from and to, in the file."""
    reader = _Reader(data, iloc.body, iloc.end)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(reader.number(wide)):
        item_id = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(reader.number(2)):
            if version:
                reader.number(index_size)
            start, length = base + reader.number(offset_size), reader.number(length_size)
            extents.append(_find_bytes(method, start, length, idat, file_end))
        yield item_id, extents


def _find_bytes(method: int, start: int, length: int, idat: _Box | None, file_end: int) -> tuple[int, int]:
    """Return from where to where bytes are in the file. A length of 0 reaches to the end."""
    if method == 1 and idat is not None:
        start, end = start + idat.body, idat.end
    elif method == 0:
        end = file_end
    else:
        raise BrokenPicture
    stop = start + length if length else end
    if not start <= stop <= end:
        raise BrokenPicture
    return start, stop


def _list_boxes(data: memoryview, place: int, end: int) -> Iterator[_Box]:
    """Yield the boxes until one does not fit."""
    while place + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, place)
        body = place + 8
        if size == 1 and place + 16 <= end:
            (size,), body = struct.unpack_from(">Q", data, body), place + 16
        elif size == 0:
            size = end - place
        if size < body - place or place + size > end:
            return
        yield _Box(kind, place, body, place + size)
        place += size
