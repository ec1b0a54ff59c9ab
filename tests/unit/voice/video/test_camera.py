"""A camera and its layers."""

from core_ext.media import Passing, Stream
from voice.media.passing import Codec
from voice.media.source import Source
from voice.video.camera import Camera

SHOWN = 5


def make() -> Camera:
    return Camera(SHOWN, [Stream(90_000) for _ in range(3)])


def test_camera_of_one_layer_is_known_by_its_ssrc() -> None:
    camera = make()
    assert camera.find(7, None) is None
    camera.switch([Source(7)])
    layer = camera.find(7, None)
    assert layer is not None
    assert layer.index == 0
    assert camera.find(8, "f") is None
    camera.switch([])
    assert not camera.is_on
    assert camera.find(7, None) is None


def test_who_tells_the_ssrc_of_the_node_may_have_any() -> None:
    camera = make()
    camera.switch([Source(SHOWN)])
    assert camera.find(8, None) is not None


def test_screen_is_known_by_its_own_ssrc_alone() -> None:
    screen = Camera(SHOWN, [Stream(90_000)], is_screen=True)
    screen.switch([Source(SHOWN)])
    assert screen.find(SHOWN, None) is not None
    assert screen.find(8, None) is None, "that may be the camera"


def test_layers_are_known_by_name_until_their_first_packet_and_then_by_ssrc() -> None:
    camera = make()
    camera.switch([Source(0, "q"), Source(0, "h"), Source(0, "f")])
    assert camera.find(30, None) is None
    layer = camera.find(30, "f")
    assert layer is not None
    assert layer.index == 2
    assert camera.find(30, None) is layer
    camera.switch([Source(0, "q"), Source(0, "h"), Source(0, "f")])
    assert camera.find(30, None) is layer, "and is told again with each change of rights"
    assert camera.find(31, "f") is layer, "a new track of the same name"
    assert camera.find(30, None) is None
    assert camera.find(32, "x") is None


def test_names_of_layers_are_remembered_while_the_camera_is_off_as_packets_have_them_no_more() -> None:
    camera = make()
    camera.switch([Source(0, "q"), Source(0, "f")])
    camera.find(30, "f")
    camera.switch([])
    assert camera.find(30, "f") is None
    camera.switch([Source(0, "q"), Source(0, "f")])
    layer = camera.find(30, None)
    assert layer is not None
    assert layer.index == 1
    camera.switch([Source(0, "q")])
    camera.switch([Source(0, "q"), Source(0, "f")])
    assert camera.find(30, None) is None, "its name was for another one in between"


def test_pictures_are_not_kept_when_the_camera_is_off() -> None:
    camera = make()
    camera.switch([Source(7)])
    camera.layers[0].ring.add(Passing(codec=Codec.VP8, marker=True, number=1, timestamp=0, ssrc=SHOWN, payload=b"1"))
    camera.switch([Source(7)])
    assert camera.layers[0].ring.find(1) is not None
    camera.switch([])
    camera.switch([Source(7)])
    assert camera.layers[0].ring.find(1) is None


def test_ssrc_that_was_told_goes_before_a_name() -> None:
    camera = make()
    camera.switch([Source(30, "q"), Source(31, "f")])
    assert camera.find(32, "f") is None
    layer = camera.find(31, "q")
    assert layer is not None
    assert layer.index == 1


def test_rates_are_those_of_the_layers_that_are_on() -> None:
    camera = make()
    camera.switch([Source(1), Source(2)])
    assert camera.measure(1.0) == [0, 0]
    camera.layers[1].stream.pass_on(2, 0, 0, 125_000, 1.5)
    assert camera.measure(2.0) == [0, 1_000_000]
    assert camera.measure(2.0) == [0, 1_000_000], "at once nothing new is known"
    camera.layers[1].stream.pass_on(2, 1, 0, 62_500, 2.5)
    assert camera.measure(3.0) == [0, 750_000], "bursts are evened out"
    assert camera.measure(4.0) == [0, 0], "and an end is seen at once"
