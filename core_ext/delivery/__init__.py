"""The way of an event to the sockets of its recipients."""

from typing import TYPE_CHECKING

from core_ext.chooser import load

if TYPE_CHECKING:  # the plain code and the stubs have the signatures
    from core_ext.delivery import delivery_c as _delivery
else:
    _delivery = load("core_ext.delivery.delivery")

Outlet = _delivery.Outlet
SendQueue = _delivery.SendQueue
Track = _delivery.Track
collect_seqs = _delivery.collect_seqs
deliver = _delivery.deliver
