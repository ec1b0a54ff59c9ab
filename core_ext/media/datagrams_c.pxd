# System calls that take many datagrams, and the addresses of these. Only Linux has the calls.

from libc.stdint cimport uint16_t, uint32_t


cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <arpa/inet.h>
    #include <netinet/in.h>
    #include <sys/socket.h>
    """
    int AF_INET
    int AF_INET6
    int INET6_ADDRSTRLEN
    int MSG_DONTWAIT
    ctypedef unsigned int socklen_t
    struct in_addr:
        pass
    struct in6_addr:
        pass
    struct sockaddr_storage:
        unsigned short ss_family
    struct sockaddr_in:
        unsigned short sin_family
        uint16_t sin_port
        in_addr sin_addr
    struct sockaddr_in6:
        unsigned short sin6_family
        uint16_t sin6_port
        uint32_t sin6_flowinfo
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    struct timespec:
        pass
    int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) nogil
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, timespec* timeout) nogil
    int inet_pton(int family, const char* text, void* address)
    const char* inet_ntop(int family, const void* address, char* text, socklen_t size)
    uint16_t htons(uint16_t number)
    uint16_t ntohs(uint16_t number)
    uint32_t htonl(uint32_t number)
    uint32_t ntohl(uint32_t number)
