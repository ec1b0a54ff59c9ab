"""What is read of a browser's description, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.media.passing import Codec
from voice.webrtc.answer import Answer
from voice.webrtc.offer import BadOffer, Offer, parse_offer

HASH = ":".join(["AB"] * 32)
PART = f"a=ice-ufrag:abcd\na=ice-pwd:{'x' * 24}\na=fingerprint:sha-256 {HASH}\na=setup:actpass\n"
WHOLE = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0\r\n" + PART.replace("\n", "\r\n") + "a=mid:0\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\n" + PART.replace("\n", "\r\n") + "a=mid:1\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=0;profile-level-id=42001f\r\n"
    "a=rtpmap:103 H264/90000\r\na=fmtp:103 packetization-mode=1;profile-level-id=42e01f\r\n"
)


def test_whole_description_of_a_browser() -> None:
    offer = parse_offer(WHOLE)
    assert (offer.ufrag, offer.level_number) == ("abcd", 1)
    assert offer.payload_types == {Codec.OPUS: 111, Codec.VP8: 96, Codec.H264: 103}
    assert offer.video_codec is Codec.VP8
    assert [(each.algorithm, each.value) for each in offer.fingerprints] == [("sha-256", HASH)]


def test_codecs_that_select_protocol_names_go_before() -> None:
    offer = parse_offer(WHOLE, [("opus", 120), ("AV1", 98), ("h264", 105)])
    assert offer.payload_types == {Codec.OPUS: 120, Codec.H264: 105}
    assert offer.video_codec is Codec.H264


@pytest.mark.parametrize(
    "text",
    [
        "",
        WHOLE.replace("ice-ufrag:abcd", "ice-ufrag:a b"),
        WHOLE.replace("sha-256", "sha-1"),
        WHOLE.replace(HASH, HASH[:-3]),
        WHOLE.replace("actpass", "passive"),
        WHOLE.replace("111 opus", "111 g711"),
        WHOLE.replace("96 VP8", "111 VP8"),
        WHOLE.replace("111 opus", "72 opus"),
        WHOLE.replace("111 opus", "200 opus"),
        WHOLE.replace("opus/48000", "opus/" + "4" * 5000),
    ],
)
def test_what_could_not_work_or_is_not_safe_is_refused(text: str) -> None:
    with pytest.raises(BadOffer):
        parse_offer(text)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(WHOLE.splitlines()), st.text(max_size=20)), max_size=20))
def test_any_lines_are_read_or_refused(lines: list[str]) -> None:
    try:
        offer = parse_offer("\r\n".join(lines))
    except BadOffer:
        return
    assert isinstance(offer, Offer)


def test_answer_has_the_form_of_discords() -> None:
    answer = Answer("2001:db8::1", 8083, "node", "secret", "sha-256 AB").encode()
    assert answer.startswith("m=audio 8083 ICE/SDP\nc=IN IP6 2001:db8::1\na=rtcp:8083\n")
    assert "a=candidate:1 1 UDP 2130706431 2001:db8::1 8083 typ host\n" in answer
