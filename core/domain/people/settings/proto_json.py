"""Settings as protobuf read into JSON values, and written from them, by a schema.

The form is protobuf's own for JSON: names in camel case, 64-bit numbers as strings, enums by name, bytes in base64,
wrappers as what they wrap, and nothing for what is not set. Fields that the schema does not know do not show; whoever
writes keeps their bytes (`write_each_over`).

Source: https://protobuf.dev/programming-guides/json. Pure.
"""

import contextlib
from typing import Any, Final

from core.domain.people.settings.protobuf import BYTES, BadProto, Found, join, open_message, split, walk, write_field
from core.domain.people.settings.scalars import BadSetting, Codec, codec_of, split_packed
from core.domain.people.settings.schema import Field, Message

_WRAPPED: Final = 1
_KEY, _VALUE = 1, 2

Json = dict[str, Any]
Path = tuple[str, ...]


def read_message(message: bytes, schema: Message) -> Json:
    """Return the known fields that are set. A field whose bytes do not fit the schema is left out.

    Raises:
        BadProto: when the bytes are no message at all.
    """
    shown: Json = {}
    for found in walk(message):
        field = schema.by_number.get(found.number)
        if field is not None:
            with contextlib.suppress(BadProto):
                _read_field(shown, message[found.value_at : found.end], found, field)
    return shown


def write_message(values: Any, schema: Message, path: Path = ()) -> bytes:
    """Return the message of these values.

    Raises:
        BadSetting: for a name that the schema does not have, or a value that its field cannot hold.
    """
    written: dict[int, bytes] = {}
    for name, value in _require(values, dict, path).items():
        field = schema.by_name.get(name)
        if field is None:
            raise BadSetting((*path, str(name)), "This setting is not known.")
        if value is not None:
            written[field.number] = _write_field(field, value, (*path, name))
    return join(written)


def write_each_over(stored: bytes, values: Any, schema: Message) -> bytes:
    """Return the partial message that replaces the messages of these names in a stored one.

    In each of them stays what the schema does not know.

    Raises:
        BadSetting. BadProto: when what is stored is no message.
    """
    kept = split(stored)
    partial = split(write_message(values, schema))
    for number, given in partial.items():
        inner = schema.by_number[number].type
        assert isinstance(inner, Message)  # noqa: S101 - for the type checker: settings are messages of messages
        before = _fields_in(kept.get(number, b""))
        unknown = {each: field for each, field in before.items() if each not in inner.by_number}
        partial[number] = write_field(number, BYTES, join({**unknown, **split(open_message(given))}))
    return join(partial)


def _fields_in(field: bytes) -> dict[int, bytes]:
    """Return the fields of the message in a stored field, none when it holds nothing that can be read."""
    try:
        return split(open_message(field))
    except BadProto:
        return {}


def _read_field(shown: Json, value: bytes, found: Found, field: Field) -> None:
    if field.key is not None:
        if found.kind == BYTES:
            key, item = _read_entry(value, field)
            shown.setdefault(field.name, {})[key] = item
    elif isinstance(field.type, Message):
        if found.kind == BYTES:
            _read_part(shown, read_message(value, field.type), field)
    elif field.is_list:
        shown.setdefault(field.name, []).extend(_read_list(value, found.kind, codec_of(field.type)))
    elif field.is_wrapped:
        if found.kind == BYTES:
            shown[field.name] = _read_scalar(value, _WRAPPED, codec_of(field.type))
    else:
        codec = codec_of(field.type)
        if found.kind == codec.kind:
            shown[field.name] = codec.read(value)
            if shown[field.name] == codec.default:
                del shown[field.name]


def _read_part(shown: Json, part: Json, field: Field) -> None:
    if field.is_list:
        shown.setdefault(field.name, []).append(part)
    else:
        shown[field.name] = {**shown.get(field.name, {}), **part}


def _read_entry(entry: bytes, field: Field) -> tuple[str, Any]:
    """Return key and value of an entry of a map."""
    assert field.key is not None  # noqa: S101 - for the type checker: the field is a map
    key = str(_read_scalar(entry, _KEY, codec_of(field.key)))
    if isinstance(field.type, Message):
        return key, read_message(open_message(split(entry).get(_VALUE, b"")), field.type)
    return key, _read_scalar(entry, _VALUE, codec_of(field.type))


def _read_scalar(message: bytes, number: int, codec: Codec) -> Any:
    """Return the value of a message's only field that matters, its default when it is not there."""
    read = codec.default
    for found in walk(message):
        if found.number == number and found.kind == codec.kind:
            read = codec.read(message[found.value_at : found.end])
    return read


def _read_list(value: bytes, kind: int, codec: Codec) -> list[Any]:
    if kind == codec.kind:
        return [codec.read(value)]
    return [codec.read(each) for each in split_packed(value, codec.kind)] if kind == BYTES else []


def _write_field(field: Field, value: Any, path: Path) -> bytes:
    if field.key is not None:
        entries = _require(value, dict, path).items()
        return b"".join(_write_entry(field, key, item, (*path, str(key))) for key, item in entries)
    if field.is_list:
        return _write_list(field, _require(value, list, path), path)
    if isinstance(field.type, Message):
        return write_field(field.number, BYTES, write_message(value, field.type, path))
    codec = codec_of(field.type)
    written = _write_scalar(codec, value, path)
    if field.is_wrapped:
        return write_field(field.number, BYTES, _set(_WRAPPED, codec, written))
    return _set(field.number, codec, written)


def _write_entry(field: Field, key: Any, item: Any, path: Path) -> bytes:
    assert field.key is not None  # noqa: S101 - for the type checker: the field is a map
    codec = codec_of(field.key)
    entry = write_field(_KEY, codec.kind, _write_scalar(codec, key, path))
    if isinstance(field.type, Message):
        entry += write_field(_VALUE, BYTES, write_message(item, field.type, path))
    else:
        codec = codec_of(field.type)
        entry += write_field(_VALUE, codec.kind, _write_scalar(codec, item, path))
    return write_field(field.number, BYTES, entry)


def _write_list(field: Field, values: list[Any], path: Path) -> bytes:
    """Write a list: texts and messages one by one, numbers packed."""
    places = [(*path, str(index)) for index in range(len(values))]
    if isinstance(field.type, Message):
        parts = [write_message(value, field.type, place) for value, place in zip(values, places, strict=True)]
        return b"".join(write_field(field.number, BYTES, part) for part in parts)
    codec = codec_of(field.type)
    parts = [_write_scalar(codec, value, place) for value, place in zip(values, places, strict=True)]
    if codec.kind == BYTES:
        return b"".join(write_field(field.number, BYTES, part) for part in parts)
    return write_field(field.number, BYTES, b"".join(parts)) if parts else b""


def _write_scalar(codec: Codec, value: Any, path: Path) -> bytes:
    try:
        return codec.write(value)
    except (ValueError, TypeError) as error:
        raise BadSetting(path, "This value does not fit the setting.") from error


def _set(number: int, codec: Codec, written: bytes) -> bytes:
    """Write a field, unless its value is what it has without being written."""
    is_default = codec.default is not None and written == codec.write(codec.default)
    return b"" if is_default else write_field(number, codec.kind, written)


def _require(value: Any, kind: type, path: Path) -> Any:
    if not isinstance(value, kind):
        raise BadSetting(path, f"Only a {kind.__name__} may be used here.")
    return value
