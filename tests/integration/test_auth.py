"""Registering, logging in and out, sessions."""

from tests.integration.api_client import PASSWORD, ApiUnderTest


def registration(**changes: object) -> dict[str, object]:
    return {
        "username": "alice",
        "email": "alice@example.org",
        "password": PASSWORD,
        "date_of_birth": "1990-01-01",
        **changes,
    }


async def test_register_answers_token_whose_first_part_is_the_user_id(api: ApiUnderTest) -> None:
    answer = await api.nobody.post("/auth/register", registration(consent=True))
    assert answer.status_code == 201
    alice = api.actor(answer.json()["token"])
    sessions = await alice.get("/auth/sessions")
    assert sessions.status_code == 200
    assert [session["is_current"] for session in sessions.json()["user_sessions"]] == [True]
