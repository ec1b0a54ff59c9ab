"""/channels/{channel}/call/peers: calls from client to client, and who allows them. Routes of our own."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post, put
from api.services.caller import Caller
from api.services.calls.peer_forms import AgreeForm, PeerReportForm, PeerSignalForm, PeerToPeerForm
from api.services.calls.peer_settings import PeerSettingsService
from api.services.calls.peers import PeerService
from core.wire.objects.channels.call_peers import CallPeersObject, PeerToPeerSettings


@get("/channels/{channel_id}/call/peers")
async def get_call_peers(channel_id: SnowflakePath, caller: Caller, peers: PeerService) -> CallPeersObject:
    """Who in the caller's call agrees to talk without the media node."""
    return await peers.fetch(caller, channel_id)


@put("/channels/{channel_id}/call/peers/@me")
async def agree_to_peers(
    channel_id: SnowflakePath, caller: Caller, data: AgreeForm, peers: PeerService
) -> CallPeersObject:
    """Agree to show the caller's address to those in the call, and talk without the media node."""
    return await peers.agree(caller, channel_id, data)


@patch("/channels/{channel_id}/call/peers/@me", status=204)
async def report_to_peers(channel_id: SnowflakePath, caller: Caller, data: PeerReportForm, peers: PeerService) -> None:
    """Say that the others of a round are reached, or cannot be."""
    await peers.report(caller, channel_id, data)


@delete("/channels/{channel_id}/call/peers/@me", status=204)
async def leave_peers(channel_id: SnowflakePath, caller: Caller, peers: PeerService) -> None:
    """Take the consent back."""
    await peers.withdraw(caller, channel_id)


@post("/channels/{channel_id}/call/peers/{user_id}/signals", status=204)
async def signal_peer(
    channel_id: SnowflakePath, user_id: SnowflakePath, caller: Caller, data: PeerSignalForm, peers: PeerService
) -> None:
    """Send another one of the round an offer, an answer or candidates."""
    await peers.signal(caller, channel_id, user_id, data)


@get("/users/@me/peer-to-peer")
async def get_peer_settings(caller: Caller, peer_settings: PeerSettingsService) -> PeerToPeerSettings:
    """Whether the caller's calls may go from client to client."""
    return await peer_settings.fetch(caller)


@patch("/users/@me/peer-to-peer")
async def update_peer_settings(
    caller: Caller, data: PeerToPeerForm, peer_settings: PeerSettingsService
) -> PeerToPeerSettings:
    """Allow the caller's calls to go from client to client, or not any more."""
    return await peer_settings.update(caller, enabled=data.enabled)


ROUTES: Final[Sequence[Route]] = (
    get_call_peers,
    agree_to_peers,
    report_to_peers,
    leave_peers,
    signal_peer,
    get_peer_settings,
    update_peer_settings,
)
