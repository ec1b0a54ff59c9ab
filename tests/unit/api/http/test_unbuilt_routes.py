"""The list of documented routes equals the document that it was taken from."""

import pytest

from api.http.unbuilt_routes import DISCORD, is_documented
from tests.support.conformance import load_document


def test_list_holds_every_operation_of_the_document() -> None:
    paths = load_document()["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    wanted = {(method.upper(), path) for path, item in paths.items() for method in methods if method in item}
    listed = {(method, line.split()[-1]) for line in DISCORD for method in line.split()[:-1]}
    assert listed == wanted


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/sticker-packs", True),
        ("GET", "/sticker-packs/", True),
        ("POST", "/sticker-packs", False),
        ("GET", "/guilds/1/templates", True),
        ("PATCH", "/webhooks/1/token/messages/@original", True),
        ("POST", "/users/@me/devices", True),
        ("GET", "/guilds/1/2/templates", False),
        ("GET", "/nothing", False),
        ("GET", "", False),
    ],
)
def test_is_documented_matches_whole_paths(method: str, path: str, *, expected: bool) -> None:
    assert is_documented(method, path) is expected
