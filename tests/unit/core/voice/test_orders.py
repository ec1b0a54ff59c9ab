"""Orders: each comes out as it went in, and nothing else comes out of any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.voice.orders import (
    Admit,
    Change,
    CloseRoom,
    Connected,
    Counts,
    Ended,
    Load,
    Malformed,
    Remove,
    Spoke,
    ToGateway,
    ToNode,
    encode_order,
    parse_to_gateway,
    parse_to_node,
)
from core.voice.seats import Rights, Room, Seat, SeatKey

RIGHTS = Rights(speak=True, hear=True)


@pytest.mark.parametrize(
    "order", [Admit(Seat(Room(1, 2), 3, "s", RIGHTS), 4), Change(1, 3, RIGHTS), Remove(1, 3), CloseRoom(Room(1, 2))]
)
def test_orders_to_nodes_come_out_as_they_went_in(order: ToNode) -> None:
    assert parse_to_node(encode_order(order)) == order
    with pytest.raises(Malformed):
        parse_to_gateway(encode_order(order))


@pytest.mark.parametrize(
    "order",
    [
        Connected(1, 2, "s", 3),
        Ended(1, 2, "s"),
        Load(1, 2, 0.5, Counts(1, 2, 3, 4, 5, {"forged": 6})),
        Spoke([SeatKey(1, 2)]),
    ],
)
def test_orders_to_gateways_come_out_as_they_went_in(order: ToGateway) -> None:
    assert parse_to_gateway(encode_order(order)) == order
    with pytest.raises(Malformed):
        parse_to_node(encode_order(order))


@given(st.binary(max_size=100))
def test_any_bytes_are_an_order_or_malformed(frame: bytes) -> None:
    for parse in (parse_to_node, parse_to_gateway):
        try:
            order = parse(frame)
        except Malformed:
            continue
        assert parse(encode_order(order)) == order
