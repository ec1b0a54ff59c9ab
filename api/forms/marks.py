"""Marks of body fields, beside msgspec's own constraints: a text of the product, a set, a feature that is not built.

    GuildName = Annotated[str, text(texts.GUILD_NAME)]

    class UpdateMember(msgspec.Struct, kw_only=True):
        nick: Annotated[str, text(texts.NICK)] | UnsetType | None = UNSET
        roles: Annotated[list[SnowflakeField], as_set(350)] | UnsetType | None = UNSET
        components: Annotated[Any, unbuilt("components")] = None

`Form` cleans and measures the texts, refuses an element that a set has twice, and answers 501 to a feature that is not
built, unless the field is empty: some clients send every field. The marked fields of a type are looked up once; a type
without any costs nothing here.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import msgspec.inspect
from msgspec import Meta

from core.domain.errors import FieldError, NotBuilt, unbuilt_field
from core.domain.texts import Text

_RULE: Final = "text"
_IS_SET: Final = "is_set"
_UNBUILT: Final = "unbuilt"

Path = tuple[str | int, ...]
Cleaner = Callable[[Any, Path, list[FieldError]], Any]
"""(value, its path, where errors go) → the value with its texts cleaned; Structs and lists are changed in place."""

_NOT_A_SET: Final = ("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value.")


def text(rule: Text) -> Meta:
    """Return the mark of a field that holds this text."""
    bounds = {"minLength": rule.min_length} if rule.min_length else {}
    return Meta(extra={_RULE: rule}, extra_json_schema={**bounds, "maxLength": rule.max_length})


def as_set(max_length: int | None = None) -> Meta:
    """Return the mark of a list without repeated elements."""
    return Meta(extra={_IS_SET: True}, extra_json_schema={"uniqueItems": True}, max_length=max_length)


def unbuilt(what: str) -> Meta:
    """Return the mark of a field that is refused here. `what` completes "This server does not support …"."""
    return Meta(extra={_UNBUILT: what}, description=f"Not built yet: {what}")


def find_cleaner(type_: Any) -> Cleaner | None:
    """Build the function that cleans and checks the marked fields of a type's values; None for a type without any."""
    return _compile(msgspec.inspect.type_info(type_))


def _compile(info: msgspec.inspect.Type) -> Cleaner | None:
    if isinstance(info, msgspec.inspect.Metadata):
        extra = info.extra or {}
        if _RULE in extra:
            return _clean_text(extra[_RULE])
        if _UNBUILT in extra:
            return _refuse(extra[_UNBUILT])
        inner = _compile(info.type)
        return _check_set(inner) if _IS_SET in extra else inner
    if isinstance(info, msgspec.inspect.UnionType):
        return _compile_union(info.types)
    if isinstance(info, msgspec.inspect.ListType):
        item = _compile(info.item_type)
        return None if item is None else _clean_list(item)
    if isinstance(info, msgspec.inspect.StructType):
        fields = [(field, cleaner) for field in info.fields if (cleaner := _compile(field.type)) is not None]
        return _clean_struct(fields) if fields else None
    return None


def _compile_union(types: Sequence[msgspec.inspect.Type]) -> Cleaner | None:
    """JSON has one type of each kind, so a value's type alone decides which cleaner of a union it gets."""
    cleaners = {_python_type(part): cleaner for part in types if (cleaner := _compile(part)) is not None}
    if not cleaners:
        return None

    def clean(value: Any, path: Path, errors: list[FieldError]) -> Any:
        cleaner = cleaners.get(type(value))
        return value if cleaner is None else cleaner(value, path, errors)

    return clean


def _python_type(info: msgspec.inspect.Type) -> type:
    if isinstance(info, msgspec.inspect.Metadata):
        return _python_type(info.type)
    if isinstance(info, msgspec.inspect.StructType):
        return info.cls
    return list if isinstance(info, msgspec.inspect.ListType) else str


def _clean_text(rule: Text) -> Cleaner:
    def clean(value: Any, path: Path, errors: list[FieldError]) -> Any:
        cleaned = rule.clean(value)
        error = rule.find_error(cleaned, path)
        if error is not None:
            errors.append(error)
        return cleaned or (None if rule.is_optional else "")

    return clean


def _refuse(what: str) -> Cleaner:
    def refuse(value: Any, path: Path, _errors: list[FieldError]) -> Any:
        if not is_nothing(value):
            raise unbuilt_field(path, what)
        return value

    return refuse


def is_nothing(value: Any) -> bool:
    """Tell whether a value means "not given" in typed languages: null, zero, empty, or an object of nothing else."""
    return not value or (isinstance(value, dict) and all(map(is_nothing, value.values())))


def _clean_list(item: Cleaner) -> Cleaner:
    def clean(value: Any, path: Path, errors: list[FieldError]) -> Any:
        value[:] = [item(part, (*path, index), errors) for index, part in enumerate(value)]
        return value

    return clean


def _check_set(inner: Cleaner | None) -> Cleaner:
    def check(value: Any, path: Path, errors: list[FieldError]) -> Any:
        if inner is not None:
            value = inner(value, path, errors)
        seen = set()
        for index, part in enumerate(value):
            if part in seen:
                errors.append(FieldError((*path, index), *_NOT_A_SET))
            seen.add(part)
        return value

    return check


def _clean_struct(fields: Sequence[tuple[msgspec.inspect.Field, Cleaner]]) -> Cleaner:
    places = [(field.name, field.encode_name, cleaner) for field, cleaner in fields]
    # Most requests have none of the fields: one comparison finds that out.
    read = attrgetter(*(field.name for field, _ in fields))
    # msgspec tells a default of UNSET as none.
    absent = tuple(msgspec.UNSET if field.default is msgspec.NODEFAULT else field.default for field, _ in fields)
    absent_value = absent[0] if len(absent) == 1 else absent

    def clean(value: Any, path: Path, errors: list[FieldError]) -> Any:
        if read(value) == absent_value:
            return value
        for name, shown, cleaner in places:
            given = getattr(value, name)
            if given is not None and given is not msgspec.UNSET:
                setattr(value, name, cleaner(given, (*path, shown), errors))
        return value

    return clean


def find_marked_errors(value: Any, type_: Any, path: Path) -> Iterator[FieldError]:
    """Find the faults of the marked fields in a value that is right otherwise."""
    cleaner = find_cleaner(type_)
    if cleaner is not None and value is not None:
        errors: list[FieldError] = []
        with contextlib.suppress(NotBuilt):  # what is wrong is told first
            cleaner(value, path, errors)
        yield from errors
