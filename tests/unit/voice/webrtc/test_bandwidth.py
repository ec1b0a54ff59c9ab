"""Who gets which video, and what those who film are told, among browsers of one room."""

from core.voice.seats import Rights
from core_ext.media import NOTHING, Stream
from voice.media.passing import Codec
from voice.media.peer import Circle
from voice.media.source import Source, Wants
from voice.video.camera import Camera
from voice.webrtc.bandwidth import FAIR_BPS, MOST_BPS, choose_layers, find_filmed, find_share
from voice.webrtc.offer import Fingerprint, Offer
from voice.webrtc.peer import WebrtcPeer

KILO = 1000
VP8, H264 = {Codec.OPUS: 111, Codec.VP8: 96}, {Codec.OPUS: 111, Codec.H264: 97}


class Room:
    """Browsers of which the first ones film. Each layer takes so many kilobits a second."""

    def __init__(self, *sizes: tuple[int, ...]) -> None:
        self.circle = Circle()
        self.senders = [self.add(VP8) for _ in sizes]
        for sender, rates in zip(self.senders, sizes, strict=True):
            sender.film([Source(1 + at, "", 25 << at) for at in range(len(rates))])
            sender.camera.measure(0.0)
            for at, rate in enumerate(rates):
                sender.camera.layers[at].stream.pass_on(1 + at, 0, 0, rate * KILO // 8, 0.0)
            sender.camera.measure(1.0)

    def add(self, payload_types: dict[Codec, int], *, hear: bool = True) -> WebrtcPeer:
        """Let somebody in."""
        ssrc = 4 * (len(self.circle.peers) + 1)
        peer = WebrtcPeer(
            ssrc=ssrc,
            rights=Rights(speak=True, hear=hear, stream=True),
            offer=Offer("them", (Fingerprint("sha-256", "00"),), payload_types, 0),
            voice=Stream(48_000),
            camera=Camera(ssrc + 1, [Stream(90_000) for _ in range(3)]),
            screen=Camera(ssrc + 3, [Stream(90_000)], is_screen=True),
            on_end=lambda _: None,
        )
        self.circle.add(peer)
        return peer


def share(sender: WebrtcPeer, kilobits: int) -> None:
    """Let somebody who films share a screen, too."""
    sender.film([Source(1)], Source(7))
    sender.screen.layers[0].stream.pass_on(7, 0, 0, kilobits * KILO // 8, 1.0)
    sender.screen.measure(1.0)


def limit(viewer: WebrtcPeer, kilobits: int) -> None:
    """Let the way to a viewer carry so much, and choose."""
    viewer.downlink.limit_bps = kilobits * KILO / 1.1  # it grows by a tenth before the choice
    choose_layers(viewer, 1.0)


def see(viewer: WebrtcPeer, room: Room) -> list[int]:
    """Which layer of each camera is wanted, as if each change had its keyframe."""
    for sender in room.senders:
        view = viewer.view(sender.camera.ssrc)
        view.current = view.wanted
    return [viewer.view(sender.camera.ssrc).wanted for sender in room.senders]


def test_cameras_are_seen_by_those_who_hear_and_know_their_codec() -> None:
    room = Room((500,))
    (sender,) = room.senders
    assert find_filmed(room.add(VP8)) == [(sender, sender.camera)]
    assert find_filmed(room.add(H264)) == []
    assert find_filmed(room.add(VP8, hear=False)) == []
    assert find_filmed(sender) == []


def test_screens_go_before_all_cameras_and_end_with_the_right_to_stream() -> None:
    room = Room((500,), (500,))
    (first, second), viewer = room.senders, room.add(VP8)
    first.activity.voiced_s = 9.0
    share(second, 500)
    assert find_filmed(viewer) == [(second, second.screen), (first, first.camera), (second, second.camera)]
    limit(viewer, 120)
    assert (viewer.view(second.screen.ssrc).wanted, see(viewer, room)) == (0, [NOTHING, NOTHING])
    second.film([], Source(7))
    assert find_filmed(viewer) == [(second, second.screen), (first, first.camera)]
    second.rights = Rights(speak=True, hear=True)
    assert find_filmed(viewer) == [(first, first.camera)]


def test_who_films_and_shares_is_told_the_sum() -> None:
    room = Room((500,))
    (sender,), viewer = room.senders, room.add(VP8)
    share(sender, 500)
    assert find_share(sender) == MOST_BPS
    limit(viewer, 1000)
    view = viewer.view(sender.screen.ssrc)
    view.current = view.wanted
    see(viewer, room)
    assert find_share(sender) == 1000 * KILO
    viewer.want(Wants({sender.screen.ssrc: 0}))
    assert find_share(sender) == 500 * KILO, "and what nobody sees does not count"


def test_cameras_that_are_off_have_no_share() -> None:
    room = Room((500,), (500,))
    (first, second), viewer = room.senders, room.add(VP8)
    limit(viewer, 1000)
    see(viewer, room)
    assert find_share(first) == 500 * KILO
    second.film([])
    limit(viewer, 1000)
    assert find_share(first) == 1000 * KILO


def test_what_was_sent_of_those_who_have_left_stays_counted() -> None:
    room = Room((500,))
    (sender,), viewer = room.senders, room.add(VP8)
    viewer.view(sender.camera.ssrc).bytes_passed = 900
    viewer.forget(sender.ssrcs)
    assert viewer.video_bytes_sent == 900
    assert viewer.views == {}


def test_those_who_have_spoken_last_stay_when_not_all_fit() -> None:
    room = Room((500,), (500,), (500,))
    viewer = room.add(VP8)
    room.senders[1].activity.voiced_s = 9.0
    limit(viewer, 120)
    assert see(viewer, room) == [NOTHING, 0, NOTHING]
    limit(viewer, 1000)
    assert see(viewer, room) == [0, 0, 0]


def test_keyframe_is_wanted_of_the_layer_that_is_chosen_until_it_comes() -> None:
    room = Room((100, 300, 900))
    (sender,), viewer = room.senders, room.add(VP8)
    assert choose_layers(viewer, 1.0) == [sender]
    assert [layer.wants_keyframe for layer in sender.camera.layers] == [False, False, True]
    assert see(viewer, room) == [2]
    assert choose_layers(viewer, 2.0) == []


def test_what_is_not_shown_is_not_sent() -> None:
    room = Room((100, 300, 900), (100, 300, 900))
    viewer = room.add(VP8)
    viewer.want(Wants({room.senders[0].camera.ssrc: 50}, 0))
    choose_layers(viewer, 1.0)
    assert see(viewer, room) == [1, NOTHING]


def test_who_films_in_one_size_is_told_the_least_share_that_is_fair() -> None:
    room = Room((500,), (500,))
    sender = room.senders[0]
    viewers = [room.add(VP8) for _ in range(3)]
    assert find_share(sender) == MOST_BPS
    for viewer, kilobits in zip(viewers, (5000, 600, 90), strict=True):
        limit(viewer, kilobits)
        see(viewer, room)
    assert see(viewers[2], room) == [NOTHING, NOTHING]
    assert find_share(sender) == 300 * KILO, "of two cameras, and who can take none does not count"


def test_who_films_in_layers_is_told_what_the_best_can_take() -> None:
    room = Room((100, 300, 900))
    (sender,) = room.senders
    viewers = [room.add(VP8) for _ in range(2)]
    for viewer, kilobits in zip(viewers, (120, 500), strict=True):
        limit(viewer, kilobits)
        see(viewer, room)
    assert find_share(sender) == 700 * KILO
    viewers[1].want(Wants(others=0))
    assert find_share(sender) == 168 * KILO
    limit(viewers[0], 60)
    assert see(viewers[0], room) == [NOTHING]
    assert find_share(sender) == FAIR_BPS, "so that its viewer can come back"


def test_worst_hearers_loss_stands_until_browsers_have_told_another() -> None:
    speaker = Room((500,)).senders[0]
    assert speaker.find_hearers_loss(0.0) == 0
    speaker.note_hearers_loss(26, 10.0)
    speaker.note_hearers_loss(3, 11.0)
    assert speaker.find_hearers_loss(17.0) == 26
    assert speaker.find_hearers_loss(19.0) == 0
    speaker.note_hearers_loss(3, 19.0)
    assert speaker.find_hearers_loss(20.0) == 3
