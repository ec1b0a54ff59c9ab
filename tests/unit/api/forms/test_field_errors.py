"""The tree of form errors."""

from api.forms.field_errors import nest_fields
from core.domain.errors import FieldError


def test_errors_are_nested_by_their_paths() -> None:
    fields = (FieldError(("embeds", 0, "title"), "A", "a"), FieldError(("embeds", 0, "title"), "B", "b"))
    assert nest_fields(fields) == {
        "embeds": {"0": {"title": {"_errors": [{"code": "A", "message": "a"}, {"code": "B", "message": "b"}]}}}
    }


def test_place_has_errors_of_its_own_or_errors_below() -> None:
    whole, part = FieldError(("embeds", 0), "WHOLE", "w"), FieldError(("embeds", 0, "title"), "PART", "p")
    below = {"embeds": {"0": {"title": {"_errors": [{"code": "PART", "message": "p"}]}}}}
    assert nest_fields((whole, part)) == nest_fields((part, whole)) == below
    assert nest_fields((whole,)) == {"embeds": {"0": {"_errors": [{"code": "WHOLE", "message": "w"}]}}}
