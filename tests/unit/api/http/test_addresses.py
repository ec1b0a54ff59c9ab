"""Addresses that mean the same route."""

import pytest

from api.http.addresses import rewrite_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v10/users/@me", "/api/v10/users/@me"),
        ("/api/v9/users/@me", "/api/v10/users/@me"),
        ("/api/users/@me", "/api/v10/users/@me"),
        ("/api/v10/servers/1/roles", "/api/v10/guilds/1/roles"),
        ("/api/servers", "/api/v10/guilds"),
        ("/api/v9/servers/1", "/api/v10/guilds/1"),
        ("/api/v10/serversaside", "/api/v10/serversaside"),
        ("/api/voice/regions", "/api/v10/voice/regions"),
        ("/api/v8/users/@me", None),
        ("/api/v100/users/@me", None),
        ("/api/docs", "/api/docs"),
        ("/api/openapi.json", "/api/openapi.json"),
        ("/icons/1/x.png", "/icons/1/x.png"),
        ("/api", "/api"),
        ("/", "/"),
        ("/api/\n/x", "/api/v10/\n/x"),
    ],
)
def test_rewrite_path_gives_the_canonical_one(path: str, expected: str | None) -> None:
    assert rewrite_path(path) == expected
