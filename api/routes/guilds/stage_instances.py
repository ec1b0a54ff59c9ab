"""/stage-instances: stages that are live."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post
from api.services.caller import Caller
from api.services.voice.stage_forms import CreateStageInstance, UpdateStageInstance
from api.services.voice.stages import StageInstanceService
from core.wire.objects.guilds.stage_instance import StageInstanceObject


@post("/stage-instances", is_audited=True)
async def create_stage_instance(
    caller: Caller, data: CreateStageInstance, stage_instances: StageInstanceService
) -> StageInstanceObject:
    """Open a stage."""
    return await stage_instances.open(caller, data)


@get("/stage-instances/{channel_id}")
async def get_stage_instance(
    channel_id: SnowflakePath, caller: Caller, stage_instances: StageInstanceService
) -> StageInstanceObject:
    """Show an open stage."""
    return await stage_instances.fetch(caller, channel_id)


@patch("/stage-instances/{channel_id}", is_audited=True)
async def update_stage_instance(
    channel_id: SnowflakePath, caller: Caller, data: UpdateStageInstance, stage_instances: StageInstanceService
) -> StageInstanceObject:
    """Change an open stage."""
    return await stage_instances.update(caller, channel_id, data)


@delete("/stage-instances/{channel_id}", status=204, is_audited=True)
async def delete_stage_instance(
    channel_id: SnowflakePath, caller: Caller, stage_instances: StageInstanceService
) -> None:
    """Close a stage."""
    await stage_instances.close(caller, channel_id)


ROUTES: Final[Sequence[Route]] = (
    create_stage_instance,
    get_stage_instance,
    update_stage_instance,
    delete_stage_instance,
)
