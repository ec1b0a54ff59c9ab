"""What people report, and what instance staff makes of it."""

from typing import Any

from core.runtime.settings.settings import LimitSettings
from tests.integration.api.administration.conftest import ADMIN, StaffScene
from tests.integration.api.conftest import OpenApi
from tests.support.guild_scene import Scene

REPORTS = f"{ADMIN}/reports"
SPAM = [1, 10]


def body(name: str, **ids: str | None) -> dict[str, Any]:
    """A report as Discord's clients send it."""
    return {
        "version": "1.0",
        "variant": "1",
        "language": "en",
        "breadcrumbs": SPAM,
        "elements": {},
        "name": name,
        **ids,
    }


async def test_message_is_reported_read_resolved_and_reopened(scene: StaffScene) -> None:
    talk = await Scene.build(scene.api)
    member = await talk.join()
    path = f"/channels/{talk.general}/messages"
    message = (await talk.owner.post(path, {"content": "Buy!"})).json()
    menu = (await member.get("/reporting/menu/message")).json()
    assert menu["nodes"][str(menu["root_node_id"])]["children"][0] == ["Spam", SPAM[1]]
    given = body("message", channel_id=talk.general, message_id=message["id"], guild_id=talk.id)
    answer = await member.post("/reporting/message", given)
    assert answer.status_code == 200, answer.text
    assert (await member.post("/reporting/message", given)).json() == answer.json(), "it is still open"
    assert (await talk.owner.delete(f"{path}/{message['id']}")).status_code == 204
    report_id = answer.json()["report_id"]
    [listed] = (await scene.moderator.get(REPORTS)).json()
    assert listed.items() >= {
        "id": report_id, "kind": "message", "reason": "Spam", "content": "Buy!", "reporter_id": member.id,
        "user_id": talk.owner.id, "channel_id": talk.general, "message_id": message["id"], "resolved_at": None,
    }.items()  # fmt: skip
    assert (await scene.reader.get(REPORTS)).status_code == 403
    resolution = f"{REPORTS}/{report_id}/resolution"
    resolved = await scene.moderator.put(resolution, {"resolution": "warned"})
    assert (resolved.json()["resolved_by"], resolved.json()["resolution"]) == (scene.moderator.id, "warned")
    assert (await scene.moderator.get(REPORTS)).json() == []
    assert (await scene.moderator.get(f"{REPORTS}?status=resolved")).json() == [resolved.json()]
    assert (await scene.moderator.delete(resolution)).status_code == 204
    assert (await scene.moderator.get(f"{REPORTS}/{report_id}")).json() == listed
    log = [(entry["action"], entry["target"], entry["details"]) for entry in (await scene.log())[:2]]
    assert log == [("report.reopen", report_id, {}), ("report.resolve", report_id, {"resolution": "warned"})]
    for method in ("PUT", "DELETE"):
        assert (await scene.moderator.request(method, f"{REPORTS}/1/resolution", json={})).status_code == 404


async def test_users_and_guilds_are_reported_by_those_who_see_them(scene: StaffScene) -> None:
    talk = await Scene.build(scene.api)
    member = await talk.join()
    stranger = await scene.api.register()
    of_user = body("user", user_id=talk.owner.id, guild_id=talk.id)
    of_guild = body("guild", guild_id=talk.id)
    for name, given in (("user", of_user), ("guild", of_guild)):
        assert (await member.post(f"/reporting/{name}", given)).status_code == 200
        assert (await stranger.post(f"/reporting/{name}", given)).json()["code"] == 10004
    assert (await stranger.post("/reporting/user", body("user", user_id=talk.owner.id))).status_code == 200
    kinds = [(each["kind"], each["guild_id"]) for each in (await scene.operator.get(REPORTS)).json()]
    assert kinds == [("user", None), ("guild", talk.id), ("user", talk.id)]


async def test_reports_of_what_is_not_seen_and_of_other_menus_are_refused(scene: StaffScene) -> None:
    talk = await Scene.build(scene.api)
    member = await talk.join()
    message = (await talk.owner.post(f"/channels/{talk.general}/messages", {"content": "hello"})).json()
    ids = {"channel_id": talk.general, "message_id": message["id"]}
    stranger = await scene.api.register()
    bot = await scene.api.make_bot(talk.owner)
    assert (await stranger.post("/reporting/message", body("message", **ids))).json()["code"] == 50001
    assert (await bot.post("/reporting/message", body("message", **ids))).status_code == 403
    assert (await member.post("/reporting/message", body("message", **{**ids, "message_id": "1"}))).status_code == 404
    wrong = [
        ({"variant": "4"}, {"variant"}),
        ({"version": "0.9"}, {"version"}),
        ({"breadcrumbs": [3, 28, 72]}, {"breadcrumbs"}),
        ({"elements": {"x": ["y"]}}, {"elements"}),
        ({"name": "user"}, {"name"}),
        ({"channel_id": None, "message_id": None}, {"channel_id", "message_id"}),
    ]
    for change, fields in wrong:
        refused = await member.post("/reporting/message", body("message", **ids) | change)
        assert refused.status_code == 400
        assert refused.json()["errors"].keys() == fields
    assert (await scene.operator.get(REPORTS)).json() == []


async def test_older_clients_report_messages_by_the_number_of_a_reason(scene: StaffScene) -> None:
    talk = await Scene.build(scene.api)
    member = await talk.join()
    message = (await talk.owner.post(f"/channels/{talk.general}/messages", {"content": "hello"})).json()
    ids = {"guild_id": talk.id, "channel_id": talk.general, "message_id": message["id"]}
    made = await member.post("/report", {**ids, "reason": "1"})
    assert made.status_code == 200, made.text
    [listed] = (await scene.operator.get(REPORTS)).json()
    assert (listed["id"], listed["reason"]) == (made.json()["report_id"], "Abuse or harassment")
    assert (await member.post("/report", {**ids, "reason": 9})).status_code == 400


async def test_reports_have_a_limit(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(reports=1, reports_window_s=3600)) as api:
        zoe, yan = await api.register(), await api.register()
        answers = [await zoe.post("/reporting/user", body("user", user_id=yan.id)) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
