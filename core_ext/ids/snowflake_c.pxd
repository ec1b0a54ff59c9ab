# Types for snowflake_py.py, compiled as core_ext.ids.snowflake_c.

cdef class SnowflakeGenerator:
    cdef unsigned long long _node
    cdef object _now_ms
    cdef long long _last_ms
    cdef int _sequence

    cpdef unsigned long long next(self) except? 0
