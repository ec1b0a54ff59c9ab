"""Announcements of the server, as staff sends them and people get them."""

from core.domain.events import CHANNEL_CREATE, MESSAGE_CREATE
from tests.integration.api.administration.conftest import ADMIN, StaffScene

PATH = f"{ADMIN}/announcements"
REASON = {"x-audit-log-reason": "upgrade"}


async def test_announcement_is_a_direct_message_of_the_server_s_own_account(scene: StaffScene) -> None:
    zoe, yan = await scene.api.register(), await scene.api.register()
    bot = await scene.api.make_bot(zoe)
    content = {"content": "We are away from 8 to 9."}
    answer = await scene.owner.post(PATH, {**content, "user_ids": [zoe.id, bot.id, yan.id, "77"]}, headers=REASON)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"sent": 2, "passed_over": [bot.id, "77"]}
    [channel] = (await zoe.get("/users/@me/channels")).json()
    author = channel["recipients"][0]
    assert (author["id"], author["system"], author["bot"], author["global_name"]) == ("1", True, False, "Guildway")
    [message] = (await zoe.get(f"/channels/{channel['id']}/messages")).json()
    assert (message["content"], message["author"]["system"]) == (content["content"], True)
    told = [event for event, _ in scene.api.events_of(yan.id)]
    assert told[-2:] == [CHANNEL_CREATE, MESSAGE_CREATE]
    refused = await zoe.post(f"/channels/{channel['id']}/messages", {"content": "Why?"})
    assert refused.json()["code"] == 50007
    entry = (await scene.log())[0]
    assert (entry["action"], entry["reason"]) == ("announcement.send", "upgrade")
    assert entry["details"] == {**content, "recipients": "2"}


async def test_second_announcement_comes_into_the_same_channel_and_opens_it(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    assert (await scene.owner.post(PATH, {"content": "one", "user_ids": [zoe.id]})).status_code == 200
    [channel] = (await zoe.get("/users/@me/channels")).json()
    assert (await zoe.delete(f"/channels/{channel['id']}")).status_code == 200
    assert (await scene.owner.post(PATH, {"content": "two", "user_ids": [zoe.id]})).status_code == 200
    assert [each["id"] for each in (await zoe.get("/users/@me/channels")).json()] == [channel["id"]]
    messages = (await zoe.get(f"/channels/{channel['id']}/messages")).json()
    assert [each["content"] for each in messages] == ["two", "one"]


async def test_account_of_the_server_takes_another_name_when_a_person_has_its_own_and_stays(scene: StaffScene) -> None:
    body = {"username": "system", "email": "s@example.org", "date_of_birth": "1990-01-01"}
    made = await scene.owner.post(f"{ADMIN}/users", body)
    assert made.status_code == 201, made.text
    answer = await scene.owner.post(PATH, {"content": "hello", "user_ids": [made.json()["user_id"]]})
    assert answer.json()["sent"] == 1
    name = (await scene.reader.get(f"{ADMIN}/users/1")).json()["username"]
    assert name.startswith("system_")
    assert (await scene.owner.delete(f"{ADMIN}/users/1")).status_code == 403


async def test_who_may_not_announce_and_what_is_no_announcement_is_refused(scene: StaffScene) -> None:
    good = {"content": "hello", "user_ids": [scene.reader.id]}
    assert (await scene.moderator.post(PATH, good)).status_code == 403
    for change in ({"content": " "}, {"content": "x" * 2001}, {"user_ids": [scene.reader.id] * 2}, {"user_ids": None}):
        assert (await scene.owner.post(PATH, good | change)).status_code == 400
    assert (await scene.reader.get("/users/@me/channels")).status_code == 401
