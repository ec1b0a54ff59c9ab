"""Embeds show files of their message: sent, read again, edited, forwarded."""

from typing import Any

from tests.integration.api.files.test_attachments import as_form, draw, send
from tests.support.embedded_api import ApiUnderTest
from tests.support.stores.stored_guild import store_guild

EMBED = {"title": "A cat", "image": {"url": "attachment://cat.png"}}


def check(message: dict[str, Any], *rest: str) -> str:
    """Check that the first embed shows the file. Return its link without the signature."""
    image = message["embeds"][0]["image"]
    assert (image["width"], image["height"], image["content_type"]) == (40, 30, "image/png")
    assert [each["filename"] for each in message["attachments"]] == list(rest)
    link: str = image["url"]
    assert "/cat.png?" in link
    return link


async def test_file_of_an_embed_is_shown_there_alone_to_all_and_stays_in_edits(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("cat.png", draw()), ("b.txt", b"text"), embeds=[EMBED])
    link = check(sent, "b.txt")
    assert (await api.nobody.get(link)).content.startswith(b"\x89PNG")
    check(api.payloads("MESSAGE_CREATE")[-1], "b.txt")
    path = f"/channels/{place.channel_id}/messages"
    (read,) = (await alice.get(path)).json()
    check(read, "b.txt")
    edited = (await alice.patch(f"{path}/{sent['id']}", {"embeds": [{**sent["embeds"][0], "title": "My cat"}]})).json()
    check(edited, "b.txt")
    check(api.payloads("MESSAGE_UPDATE")[-1], "b.txt")
    stored = await api.store.messages.find(int(place.channel_id), int(sent["id"]))
    assert stored is not None
    assert b'"attachment://cat.png"' in bytes(stored.embeds)
    plain = (await alice.patch(f"{path}/{sent['id']}", {"embeds": []})).json()
    assert [each["filename"] for each in plain["attachments"]] == ["cat.png", "b.txt"]
    added = (await alice.patch(f"{path}/{sent['id']}", {"embeds": [EMBED], "attachments": []})).json()
    assert added["attachments"] == []
    assert added["embeds"][0]["image"] == {"url": "attachment://cat.png"}


async def test_edit_brings_the_file_and_a_forward_shows_it_too(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    path = f"/channels/{place.channel_id}/messages"
    first = (await alice.post(path, {"content": "soon"})).json()
    edited = await alice.request("PATCH", f"{path}/{first['id']}", **as_form(("cat.png", draw()), embeds=[EMBED]))
    check(edited.json())
    reference = {"type": 1, "channel_id": str(place.channel_id), "message_id": first["id"]}
    forward = (await alice.post(path, {"message_reference": reference})).json()
    assert check(forward["message_snapshots"][0]["message"]) != check(edited.json())
