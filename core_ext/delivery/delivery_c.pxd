# What delivery_c.pyx takes from C.

cdef extern from *:
    """
    #if defined(_WIN32)
    /* Sockets are no file descriptors there: everything goes through the link. */
    static Py_ssize_t guildway_send(int fd, const char* data, Py_ssize_t size) { return -1; }
    #else
    #include <sys/types.h>
    #include <sys/socket.h>
    #ifdef __linux__
    #include <sys/syscall.h>
    #include <unistd.h>
    #endif
    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0
    #endif
    static Py_ssize_t guildway_send(int fd, const char* data, Py_ssize_t size) {
    #ifdef SYS_sendto
        /* As send(2), which in a process with threads also looks whether it is being cancelled. */
        return syscall(SYS_sendto, fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    #else
        return send(fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    #endif
    }
    #endif
    #if defined(__GNUC__)
    /* The empty instruction is an effect: a function that only fetched would be taken for one that does nothing. */
    #define guildway_prefetch(address) do { __builtin_prefetch(address); __asm__ volatile(""); } while (0)
    #else
    #define guildway_prefetch(address) ((void)(address))
    #endif
    """
    Py_ssize_t guildway_send(int fd, const char* data, Py_ssize_t size) noexcept
    void guildway_prefetch(const void* address) noexcept
