"""Valid requests for routes and fields of files; see `field_scenes`."""

from typing import Any

from tests.integration.api.http.field_ground import Ground
from tests.integration.api.http.field_walk import Prepared
from tests.support.embedded_api import ApiUnderTest


async def upload(api: ApiUnderTest, ground: Ground, name: str) -> str:
    """Upload a file ahead of its message, and return the name by which a message takes it."""
    path = f"/channels/{ground.place.channel_id}/attachments"
    answer = await ground.owner.post(path, {"files": [{"filename": name, "file_size": 3}]})
    (announced,) = answer.json()["attachments"]
    assert (await api.nobody.request("PUT", announced["upload_url"], content=b"abc")).status_code == 200
    taken: str = announced["upload_filename"]
    return taken


async def attachment_fields(api: ApiUnderTest, ground: Ground) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the object around fields of attachments, and their values."""
    first, second = await upload(api, ground, "first.txt"), await upload(api, ground, "second.txt")
    parent = {"id": 0, "uploaded_filename": first}
    values = {
        "attachments": [[parent]],
        "attachments[].id": ["5"],
        "attachments[].filename": ["walked.txt"],
        "attachments[].waveform": ["AAAA"],
        "attachments[].uploaded_filename": [second],
    }
    return {"attachments[]": parent}, values


async def announce(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    body = {"files": [{"filename": "a.txt", "file_size": 3}]}
    values = {"files": [[{"filename": "b.txt", "file_size": 4}, {"filename": "c.txt", "file_size": 4}]]}
    values |= {"files[].filename": ["walked.txt"], "files[].id": ["walked"], "files[].file_size": [1 << 30]}
    return ground.request(f"/channels/{ground.place.channel_id}/attachments", body, values=values)


async def announce_to_channel(api: ApiUnderTest, field: str) -> Prepared:
    prepared = await announce(api, field)
    prepared.body = {**prepared.body, "channel_id": prepared.path.split("/")[2]}
    prepared.values = {**prepared.values, "channel_id": ["5"]}
    prepared.path = "/files/upload-url"
    return prepared


async def refresh(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    body = {"attachments": [{"id": 0, "uploaded_filename": await upload(api, ground, "a.txt")}]}
    sent = (await ground.owner.post(ground.place.messages, body)).json()
    values = {"attachment_urls": [[sent["attachments"][0]["url"]]]}
    return ground.request("/attachments/refresh-urls", {"attachment_urls": ["http://x/y"]}, values=values)
