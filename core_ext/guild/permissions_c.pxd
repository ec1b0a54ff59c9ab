# Types for permissions_py.py, compiled as core_ext.guild.permissions_c.

import cython
from libc.stdint cimport uint64_t

cdef uint64_t ADMINISTRATOR
cdef uint64_t VIEW_CHANNEL
cdef uint64_t SEND_MESSAGES
cdef uint64_t CONNECT
cdef uint64_t NEEDS_SEND
cdef uint64_t NEEDS_CONNECT

cdef uint64_t _bits(uint64_t value) except? 0


@cython.locals(permissions=uint64_t)
cdef uint64_t _compute_base(uint64_t everyone, object role_permissions) except? 0


@cython.locals(
    everyone_allow=uint64_t,
    everyone_deny=uint64_t,
    roles_allow=uint64_t,
    roles_deny=uint64_t,
    member_allow=uint64_t,
    member_deny=uint64_t,
    permissions=uint64_t,
)
cdef uint64_t _apply_overwrites(
    uint64_t base, object everyone_id, object role_ids, object user_id, object overwrites
) except? 0

cpdef uint64_t apply_implicit_denials(uint64_t permissions, bint is_text, bint is_voice) except? 0
