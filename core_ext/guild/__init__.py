"""The computations of a guild for each event and change: permissions, sets of slots, and the view index."""

from typing import TYPE_CHECKING

from core_ext.chooser import choose

if TYPE_CHECKING:  # the plain code and the stubs have the signatures
    from core_ext.guild import permissions_py as _permissions
    from core_ext.guild import slot_set_py as _slot_set
    from core_ext.guild import view_index_py as _view_index
else:
    _permissions = choose("core_ext.guild.permissions")
    _slot_set = choose("core_ext.guild.slot_set")
    _view_index = choose("core_ext.guild.view_index")

ALL_PERMISSIONS = _permissions.ALL_PERMISSIONS
TIMEOUT_ALLOWED = _permissions.TIMEOUT_ALLOWED
apply_implicit_denials = _permissions.apply_implicit_denials
compute_base = _permissions.compute_base
compute_channel = _permissions.compute_channel

MAX_SLOTS = _slot_set.MAX_SLOTS
WORD_BYTES = _slot_set.WORD_BYTES
WORD_SLOTS = _slot_set.WORD_SLOTS
SlotSet = _slot_set.SlotSet

ViewIndex = _view_index.ViewIndex
