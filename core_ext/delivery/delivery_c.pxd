# The C functions of delivery_c.pyx.

cdef extern from *:
    """
    #if defined(_WIN32)
    /* Sockets are no file descriptors on Windows: everything goes through the link. */
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
        /* It does what send(2) does, which in a process with threads also checks for cancellation. */
        return syscall(SYS_sendto, fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    #else
        return send(fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    #endif
    }
    #endif
    #if defined(__GNUC__)
    /* The empty instruction is an effect: the compiler would drop a function that only fetches. */
    #define guildway_prefetch(address) do { __builtin_prefetch(address); __asm__ volatile(""); } while (0)
    #else
    #define guildway_prefetch(address) ((void)(address))
    #endif
    """
    Py_ssize_t guildway_send(int fd, const char* data, Py_ssize_t size) noexcept
    void guildway_prefetch(const void* address) noexcept
