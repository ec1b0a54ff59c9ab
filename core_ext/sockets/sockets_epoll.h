/* System calls of core_ext/sockets_c.pyx: epoll, and sockets that do not block. Nothing here keeps anything. */

#ifndef GUILDWAY_SOCKETS_EPOLL_H
#define GUILDWAY_SOCKETS_EPOLL_H

#define GUILDWAY_IN 1u
#define GUILDWAY_OUT 4u
#ifdef __linux__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
typedef struct epoll_event guildway_event;
/* accept4 is not declared without _GNU_SOURCE, which Python.h may or may not have set. */
extern int accept4(int, struct sockaddr*, socklen_t*, int);
static int guildway_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }
static int guildway_wait(int epoll, guildway_event* events, int count) { return epoll_wait(epoll, events, count, 0); }
static unsigned long long guildway_event_data(guildway_event* event) { return event->data.u64; }
static unsigned int guildway_event_mask(guildway_event* event) { return event->events; }
static int guildway_ask(int epoll, int fd, unsigned int mask, unsigned long long data, int is_new) {
    struct epoll_event event;
    event.events = mask;
    event.data.u64 = data;
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}
static void guildway_forget(int epoll, int fd) {
    struct epoll_event unused;
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused);
}
static int guildway_accept(int fd, char* text, int size) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int accepted = accept4(fd, (struct sockaddr*)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    text[0] = 0;
    if (accepted < 0) return accepted;
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in*)&address)->sin_addr, text, (socklen_t)size);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6*)&address)->sin6_addr, text, (socklen_t)size);
    return accepted;
}
static Py_ssize_t guildway_receive(int fd, unsigned char* data, size_t size) { return recv(fd, data, size, MSG_DONTWAIT); }
static Py_ssize_t guildway_transmit(int fd, const char* data, size_t size) {
    return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static void guildway_shut(int fd) { shutdown(fd, SHUT_WR); }
static void guildway_close(int fd) { close(fd); }
static const unsigned char* guildway_find_end(const unsigned char* data, size_t size) {
    return (const unsigned char*)memmem(data, size, "\r\n\r\n", 4);
}
#else
/* There is no epoll elsewhere, and no table can be made. */
#include <errno.h>
typedef struct { int unused; } guildway_event;
static int guildway_epoll(void) { errno = ENOSYS; return -1; }
static int guildway_wait(int e, guildway_event* v, int n) { return -1; }
static unsigned long long guildway_event_data(guildway_event* v) { return 0; }
static unsigned int guildway_event_mask(guildway_event* v) { return 0; }
static int guildway_ask(int e, int fd, unsigned int m, unsigned long long d, int n) { return -1; }
static void guildway_forget(int e, int fd) {}
static int guildway_accept(int fd, char* t, int n) { return -1; }
static Py_ssize_t guildway_receive(int fd, unsigned char* d, size_t n) { return -1; }
static Py_ssize_t guildway_transmit(int fd, const char* d, size_t n) { return -1; }
static void guildway_shut(int fd) {}
static void guildway_close(int fd) {}
static const unsigned char* guildway_find_end(const unsigned char* d, size_t n) { return 0; }
#endif

#endif
