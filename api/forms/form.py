"""Request bodies: they are decoded to Structs, and their faults become Discord's form errors.

A handler takes its body as `data: CreateRole`, a msgspec Struct; nothing else is needed:

    class CreateRole(Struct, kw_only=True):
        name: Annotated[str, text(texts.ROLE_NAME)] | None | UnsetType = UNSET
        parent_id: SnowflakeField | None | UnsetType = UNSET

- Unknown fields are ignored; an empty body counts as `{}`.
- Decoding is lax the way that Discord's clients need it: numbers as strings (whole ones in digits), 0/1 and "true" for
  booleans.
- A wrong body becomes one `Invalid` (50035) that names every wrong top-level field with its path and form code.
- Texts are cleaned and measured, and sets hold nothing twice, where a field says so (`api.forms.marks`).
- Half of a surrogate pair becomes U+FFFD (`core.wire.lone_surrogates`); text with a NUL is refused: no database keeps
  it.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
import msgspec.inspect
from msgspec import Meta

from api.forms.marks import Cleaner, find_cleaner, find_marked_errors
from api.forms.moments import read_custom
from api.forms.nul_characters import refuse_nul
from api.forms.whole_numbers import may_need_spoiling, spoil
from core.domain.errors import FieldError, Invalid, InvalidJson, invalid_field
from core.domain.ids import MAX_SNOWFLAKE
from core.wire.lone_surrogates import replace_lone_surrogates

SnowflakeField = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_SNOWFLAKE,
        description="A snowflake, as a string or a number",
        extra_json_schema={"type": ["string", "integer"], "format": "snowflake", "pattern": "^[0-9]{1,18}$"},
    ),
]
"""An id in a body."""

T = TypeVar("T")


_LENGTH_CODES: Final = ("BASE_TYPE_BAD_LENGTH", "BASE_TYPE_MAX_LENGTH")
_SIZED: Final = (msgspec.inspect.StrType, msgspec.inspect.ListType)

_PATH_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class Form(Generic[T]):
    """Decodes the bodies of one type."""

    __slots__ = ("_clean", "_decode", "_type")

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._decode: Callable[[bytes], T] = msgspec.json.Decoder(type_, strict=False, dec_hook=read_custom).decode
        self._clean = find_cleaner(type_)

    def decode(self, body: bytes) -> T:
        """Return the body as the form's type.

        Raises:
            InvalidJson: when it is no JSON at all, or nested deeper than any form.
            Invalid: when it is JSON of another shape.
        """
        try:
            return self._read(body)
        except RecursionError:
            # msgspec reads deeper than Python walks: whatever walks over a field that may hold anything ends here.
            raise InvalidJson from None

    def _read(self, body: bytes) -> T:
        try:
            form = self._decode(body)
        except (ValueError, RecursionError) as error:
            repaired = replace_lone_surrogates(body)
            if repaired is not body:
                return self._read(repaired)
            raise explain(body, self._type) from error
        refuse_nul(body)
        if may_need_spoiling(body):
            _refuse_fractions(body, self._type)
        return form if self._clean is None else self._clean_marked(self._clean, form)

    def _clean_marked(self, clean: Cleaner, form: T) -> T:
        errors: list[FieldError] = []
        cleaned: T = clean(form, (), errors)
        if errors:
            raise Invalid(*errors)
        return cleaned


def _refuse_fractions(body: bytes, type_: Any) -> None:
    found = msgspec.json.decode(body)
    try:
        msgspec.convert(spoil(found), type_, strict=False, dec_hook=read_custom)
    except msgspec.ValidationError as error:
        raise Invalid(translate(str(error), found, ())) from None


def explain(body: bytes, type_: Any) -> Invalid:
    """Find the faults of a body that could not be decoded as the type."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return InvalidJson()
    errors = list(_find_errors(found, type_, ()))
    return Invalid(*errors)


def explain_value(value: Any, type_: Any, path: tuple[str | int, ...]) -> FieldError | None:
    """Find the fault of one value, or None."""
    try:
        converted = msgspec.convert(value, type_, strict=False, dec_hook=read_custom)
    except msgspec.ValidationError as error:
        return translate(str(error), value, path)
    return next(find_marked_errors(converted, type_, path), None)


def _find_errors(found: Any, type_: Any, path: tuple[str | int, ...]) -> Iterator[FieldError]:
    is_struct = isinstance(type_, type) and issubclass(type_, msgspec.Struct)
    if not is_struct or not isinstance(found, dict):
        error = explain_value(found, type_, path)
        if error is not None:
            yield error
        return
    count = 0
    for field in msgspec.structs.fields(type_):
        if field.encode_name not in found:
            error = _missing((*path, field.encode_name)) if field.required else None
        else:
            error = explain_value(found[field.encode_name], field.type, (*path, field.encode_name))
            error = error and _refine(error, field.type, found[field.encode_name], steps=len(path) + 1)
        if error is not None:
            count += 1
            yield error
    # Each field is right by itself, but they do not go together (__post_init__).
    if not count and (error := explain_value(found, type_, path)) is not None:
        yield error


def _refine(error: FieldError, type_: Any, value: Any, *, steps: int) -> FieldError:
    """Tell both bounds of a length that has two, and that an id should be a snowflake: msgspec's text says neither."""
    inner = error.path[steps:]
    for info in _find_infos(msgspec.inspect.type_info(type_), is_item=bool(inner)):
        if (
            isinstance(info, _SIZED)
            and not inner
            and error.code in _LENGTH_CODES
            and info.min_length
            and info.max_length
        ):
            text = f"Must be between {info.min_length} and {info.max_length} in length."
            return FieldError(error.path, "BASE_TYPE_BAD_LENGTH", text)
        if (
            isinstance(info, msgspec.inspect.IntType)
            and info.le == MAX_SNOWFLAKE
            and error.code == "NUMBER_TYPE_COERCE"
        ):
            shown = _step(value, inner[0]) if inner else value
            return FieldError(error.path, error.code, f"Value {_quote(shown)} is not snowflake.")
    return error


def _find_infos(info: msgspec.inspect.Type, *, is_item: bool) -> Iterator[msgspec.inspect.Type]:
    """Return the plain types in a union, or with `is_item` those of a list's items."""
    if isinstance(info, msgspec.inspect.Metadata):
        yield from _find_infos(info.type, is_item=is_item)
    elif isinstance(info, msgspec.inspect.UnionType):
        for part in info.types:
            yield from _find_infos(part, is_item=is_item)
    elif not is_item:
        yield info
    elif isinstance(info, msgspec.inspect.ListType):
        yield from _find_infos(info.item_type, is_item=False)


def _missing(path: tuple[str | int, ...]) -> FieldError:
    return FieldError(path, "BASE_TYPE_REQUIRED", "This field is required")


def translate(text: str, value: Any, path: tuple[str | int, ...]) -> FieldError:
    """Translate msgspec's text of an error to Discord's words. `value` is what stood at `path`."""
    text, _, at = text.partition(" - at `$")
    for name, index in _PATH_STEP.findall(at.rstrip("`")):
        step: str | int = name or (int(index) if index.isdigit() else index)
        path = (*path, step)
        value = _step(value, step)
    for pattern, translator in _TRANSLATIONS:
        if match := pattern.fullmatch(text):
            return translator(path, value, match)
    return FieldError(path, "BASE_TYPE_INVALID", text)


def _step(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _required(path: tuple[str | int, ...], _value: Any, match: re.Match[str]) -> FieldError:
    return _missing((*path, match[1]))


def _bad_length(path: tuple[str | int, ...], _value: Any, match: re.Match[str]) -> FieldError:
    bound = "or fewer" if match[1] == "<=" else "or more"
    code = "BASE_TYPE_BAD_LENGTH" if match[1] != "<=" else "BASE_TYPE_MAX_LENGTH"
    return FieldError(path, code, f"Must be {match[2]} {bound} in length.")


def _bad_number(path: tuple[str | int, ...], _value: Any, match: re.Match[str]) -> FieldError:
    if match[2].startswith("<"):
        return FieldError(path, "NUMBER_TYPE_MAX", f"{match[1]} value should be less than or equal to {match[3]}.")
    return FieldError(path, "NUMBER_TYPE_MIN", f"{match[1]} value should be greater than or equal to {match[3]}.")


def _bad_choice(path: tuple[str | int, ...], value: Any, _match: re.Match[str]) -> FieldError:
    return FieldError(path, "BASE_TYPE_CHOICES", f"Value {_quote(value)} is not one of the allowed values.")


def _bad_pattern(path: tuple[str | int, ...], _value: Any, _match: re.Match[str]) -> FieldError:
    return FieldError(path, "STRING_TYPE_REGEX", "String value did not match validation regex.")


_WRONG_TYPES: Final = {
    "str": ("STRING_TYPE_CONVERT", "Could not interpret {value} as string."),
    "int": ("NUMBER_TYPE_COERCE", "Value {value} is not int."),
    "float": ("NUMBER_TYPE_COERCE", "Value {value} is not float."),
    "bool": ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    "array": ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    "object": ("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"),
    "datetime": ("DATETIME_TYPE_PARSE", "Could not parse {value}. Should be ISO8601."),
    "date": ("DATE_TYPE_PARSE", "Could not parse {value}. Should be ISO8601 (YYYY-MM-DD)."),
}


def _wrong_type(path: tuple[str | int, ...], value: Any, match: re.Match[str]) -> FieldError:
    if match[2] == "null":
        return _missing(path)
    wanted = match[1].split(" | ")[0]
    code, text = _WRONG_TYPES.get(wanted, ("BASE_TYPE_INVALID", "Expected {wanted}."))
    return FieldError(path, code, text.format(value=_quote(value), wanted=wanted))


def _unparsable(path: tuple[str | int, ...], value: Any, match: re.Match[str]) -> FieldError:
    code, text = _WRONG_TYPES.get(match[1], ("BASE_TYPE_INVALID", "Invalid value."))
    return FieldError(path, code, text.format(value=_quote(value)))


_TRANSLATIONS: Final = (
    (re.compile(r"Object missing required field `(.+)`"), _required),
    (re.compile(r"Expected `(?:str|array|object|bytes)` of length (<=|>=|==) (\d+)"), _bad_length),
    (re.compile(r"Expected `(int|float)` (<=|>=|<|>) (-?[\d.]+)"), _bad_number),
    (re.compile(r"Invalid enum value .+", re.DOTALL), _bad_choice),
    (re.compile(r"Expected `str` matching regex .+", re.DOTALL), _bad_pattern),
    (re.compile(r"Expected `(.+)`, got `(.+)`"), _wrong_type),
    (re.compile(r"Invalid (?:RFC3339 encoded )?(datetime|date)"), _unparsable),
)


def _quote(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8", "replace")
    return f'"{text[:100]}"'


def parse_ids(given: Collection[int] | str | None, field: str, *, most: int = 100) -> list[int]:
    """Parse ids that come as a list, or as a text with commas between them.

    Raises:
        Invalid: naming `field`, when the text holds something else, or there are too many.
    """
    if not isinstance(given, str):
        return list(given or ())
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if len(parts) > most:
        raise invalid_field(field, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if any(not part.isascii() or not part.isdigit() or len(part) > 19 or int(part) > MAX_SNOWFLAKE for part in parts):
        raise invalid_field(field, "NUMBER_TYPE_COERCE", f"Value {_quote(given)} is not snowflake.")
    return [int(part) for part in parts]
