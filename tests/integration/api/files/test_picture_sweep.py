"""Avatars, banners and icons that nobody shows go after their grace time, and no others do, whatever was cut off."""

import base64
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from core.domain.errors import Unavailable
from core.runtime.settings.settings import FileSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

GRACE_S = 86_400
TOO_LARGE = (413, 40005)


def draw(color: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), color).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


class Ground:
    """A person and a guild of theirs, whose pictures are asked for where clients would."""

    def __init__(self, api: ApiUnderTest, clock: FakeClock, scene: Scene) -> None:
        self.api = api
        self.clock = clock
        self.scene = scene
        self.owner = scene.owner

    async def set_avatar(self, color: str | None) -> str:
        """Change the avatar; return the path at which it is."""
        answer = await self.owner.patch("/users/@me", {"avatar": color and draw(color)})
        assert answer.status_code == 200, answer.text
        return f"/avatars/{self.owner.id}/{answer.json()['avatar']}"

    async def is_there(self, path: str) -> bool:
        return await self.api.built.file_sweep._pictures._blobs.find(path[1:]) is not None

    async def pass_grace(self) -> int:
        """Sweep until whatever nobody shows now is removed; return how many that were."""
        removed = await self.sweep()
        self.clock.advance(GRACE_S + 1)
        return removed + await self.sweep()

    async def sweep(self) -> int:
        return await self.api.built.file_sweep.sweep()


@pytest.fixture
async def ground(open_api: OpenApi) -> AsyncIterator[Ground]:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        yield Ground(api, clock, await Scene.build(api))


async def test_replaced_avatar_is_there_for_the_grace_time_and_then_goes(ground: Ground) -> None:
    first = await ground.set_avatar("red")
    assert await ground.pass_grace() == 0
    second = await ground.set_avatar("blue")
    ground.clock.advance(GRACE_S - 1)
    assert await ground.sweep() == 0
    assert await ground.is_there(first)
    ground.clock.advance(2)
    assert await ground.sweep() == 1
    assert [await ground.is_there(path) for path in (first, second)] == [False, True]
    assert await ground.pass_grace() == 0
    assert await ground.is_there(second)


async def test_avatar_that_is_taken_back_or_set_again_stays(ground: Ground) -> None:
    first = await ground.set_avatar("red")
    await ground.set_avatar("blue")
    assert await ground.set_avatar("red") == first
    assert await ground.pass_grace() == 1
    assert await ground.is_there(first)
    await ground.set_avatar(None)
    ground.clock.advance(GRACE_S + 1)
    assert await ground.sweep() == 0, "it was found unused just now"
    assert await ground.set_avatar("red") == first
    assert await ground.pass_grace() == 0
    assert await ground.is_there(first)


async def test_pictures_of_a_deleted_guild_and_its_members_and_roles_go(ground: Ground) -> None:
    scene, red = ground.scene, draw("red")
    guild = (await ground.owner.patch(scene.path, {"icon": red, "banner": red, "splash": red})).json()
    member = (await ground.owner.patch(f"{scene.path}/members/@me", {"avatar": red})).json()
    role_id = await scene.add_role(icon=red)
    paths = [
        f"/icons/{scene.id}/{guild['icon']}",
        f"/banners/{scene.id}/{guild['banner']}",
        f"/splashes/{scene.id}/{guild['splash']}",
        f"/guilds/{scene.id}/users/{ground.owner.id}/avatars/{member['avatar']}",
        f"/role-icons/{role_id}/{guild['icon']}",
    ]
    assert all([await ground.is_there(path) for path in paths])
    assert await ground.pass_grace() == 0
    assert all([await ground.is_there(path) for path in paths])
    assert (await ground.owner.delete(scene.path)).status_code == 204
    assert await ground.pass_grace() == 5
    assert not any([await ground.is_there(path) for path in paths])


async def test_picture_that_no_entity_took_goes(ground: Ground) -> None:
    """The request ended between the picture and the entity."""
    pictures, folder = ground.api.built.file_sweep._pictures, f"avatars/{ground.owner.id}"
    await pictures.put(folder, "name", b"picture", "image/png", user_id=int(ground.owner.id), guild_id=0)
    assert await ground.is_there(f"/{folder}/name")
    assert await ground.pass_grace() == 1
    assert not await ground.is_there(f"/{folder}/name")


async def test_removal_that_is_cut_off_is_ended_at_the_next_turn(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await ground.set_avatar("red")
    await ground.set_avatar("blue")
    pictures = ground.api.built.file_sweep._pictures
    blobs = pictures._blobs

    class Broken:
        async def delete(self, _name: str) -> None:
            raise Unavailable

    ground.clock.advance(GRACE_S + 1)
    monkeypatch.setattr(pictures, "_blobs", Broken())
    with pytest.raises(Unavailable):
        await ground.sweep()
    monkeypatch.setattr(pictures, "_blobs", blobs)
    again = await ground.owner.patch("/users/@me", {"avatar": draw("red")})
    assert again.status_code == 503, "its bytes may go at any moment"
    assert await ground.sweep() == 1
    assert not await ground.is_there(first)
    assert await ground.set_avatar("red") == first
    assert await ground.is_there(first)


async def test_many_unused_pictures_go_in_one_turn(ground: Ground) -> None:
    for number in range(205):
        await ground.set_avatar(f"#{number:06x}")
    ground.clock.advance(GRACE_S + 1)
    assert await ground.sweep() == 204


@pytest.mark.parametrize("whose", ["user", "guild"])
async def test_pictures_count_for_quotas_until_they_are_removed(open_api: OpenApi, whose: str) -> None:
    clock = FakeClock()
    size = len(base64.b64decode(draw("red").partition(",")[2]))
    room = {f"{whose}_quota_bytes": size * 5 // 2}
    async with open_api(clock=clock, files=FileSettings(**room)) as api:
        scene = await Scene.build(api)

        async def set_icon(color: str) -> tuple[int, int]:
            answer = await scene.owner.patch(scene.path, {"icon": draw(color)})
            return (200, 0) if answer.status_code == 200 else error_code(answer)

        for color in ("red", "blue", "red"):
            assert await set_icon(color) == (200, 0)
        assert await set_icon("green") == TOO_LARGE
        assert await _upload(scene.owner, scene.general) == TOO_LARGE
        clock.advance(GRACE_S + 1)
        assert await api.built.file_sweep.sweep() == 1
        assert await set_icon("green") == (200, 0)


async def _upload(person: Actor, channel_id: str) -> tuple[int, int]:
    files = [{"filename": "a.bin", "file_size": 1000}]
    return error_code(await person.post(f"/channels/{channel_id}/attachments", {"files": files}))
