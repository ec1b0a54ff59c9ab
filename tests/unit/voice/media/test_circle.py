"""Who gets the packets of one codec: what a circle remembers is always what asking everybody anew would give."""

from hypothesis import given
from hypothesis import strategies as st

from core.voice.seats import Rights
from core_ext.media import Stream
from voice.crypto.suites import AesGcm
from voice.media.passing import DISCORD_FORM, Codec, Form
from voice.media.peer import Circle
from voice.media.udp_peer import UdpPeer

FORMS = [
    {Codec.OPUS: DISCORD_FORM},
    {Codec.OPUS: Form(111, 1), Codec.VP8: Form(96, 0)},
    {Codec.OPUS: Form(109, 0), Codec.H264: Form(97, 3)},
    {},
]
steps = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "rights", "look"]), st.integers(0, 3), st.booleans()), max_size=30
)


def make_peer(ssrc: int) -> UdpPeer:
    """A peer with one of the forms."""
    rights = Rights(speak=True, hear=True)
    peer = UdpPeer(ssrc=ssrc, suite=AesGcm(bytes(32)), rights=rights, voice=Stream(48_000))
    peer.forms = FORMS[ssrc]
    return peer


@given(steps)
def test_audience_is_that_of_asking_everybody_anew(steps: list[tuple[str, int, bool]]) -> None:
    circle, peers = Circle(), [make_peer(number) for number in range(len(FORMS))]
    for step, number, hears in steps:
        peer = peers[number]
        if step == "add" and peer.circle is None:
            circle.add(peer)
        elif step == "remove" and peer.circle is circle:
            circle.remove(peer)
        elif step == "rights":
            peer.rights = Rights(speak=True, hear=hears)
        for codec in Codec if step == "look" else ():
            expected = [
                (peer.forms[codec], peer.receiver) for peer in circle.peers if codec in peer.forms and peer.rights.hear
            ]
            audience = circle.find_audience(codec)
            assert [(form, receiver) for form, receiver, _ in audience.viewers] == expected
            alike = [(form, receiver) for form, receivers in audience.alike for receiver in receivers]
            assert sorted(alike, key=lambda each: id(each[1])) == sorted(expected, key=lambda each: id(each[1]))


def test_rights_that_change_between_two_packets_count_for_the_second() -> None:
    circle, peer = Circle(), make_peer(0)
    circle.add(peer)
    assert circle.find_audience(Codec.OPUS).viewers
    peer.rights = Rights(speak=True, hear=False)
    assert not circle.find_audience(Codec.OPUS).viewers
    peer.rights = Rights(speak=True, hear=True)
    assert circle.find_audience(Codec.OPUS).viewers
    circle.remove(peer)
    assert not circle.find_audience(Codec.OPUS).viewers
