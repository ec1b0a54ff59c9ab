/* Offers messages over HTTP at a fixed rate, whatever the server's answers do (an open loop).
 *
 *   offer METHOD PORT PATH TOKEN CONNECTIONS RATE COUNT
 *
 * POST sends messages; GET reads the path. The intended time of the n-th request is n/RATE seconds. A request that
 * finds all connections busy is late, and its wait counts from the intended time. A message's content carries that
 * time: "@@" and 19 digits, monotonic ns. The program prints "offered COUNT NS P50 P99 MAX QUEUED OWN" (ns from the
 * intended time to the end of the answer; how many found all connections busy; and by how much 99 of 100 of the others
 * were late at most, which is the fault of this program's core). An answer that is not 2xx ends it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "latencies.h"

enum { MAX_CONNECTIONS = 1024, ANSWER = 1 << 17 };

struct connection {
    int fd, size;
    uint64_t intended_ns; /* 0: free */
    char answer[ANSWER];
};

static struct connection connections[MAX_CONNECTIONS];
static const char *path, *token;
static int is_post;
static struct latencies waits, own;

static void fail(const char *text, const char *detail)
{
    fprintf(stderr, "%s %s\n", text, detail);
    exit(1);
}

static void post(struct connection *c, uint64_t intended_ns)
{
    char request[2048], body[128];
    int length = snprintf(body, sizeof body, "{\"content\":\"@@%019lu The quick brown fox jumps over.\"}", intended_ns);
    int size = is_post ? snprintf(request, sizeof request,
                                  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n"
                                  "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                                  path, token, length, body)
                       : snprintf(request, sizeof request,
                                  "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n\r\n", path, token);
    c->intended_ns = intended_ns;
    c->size = 0;
    if (send(c->fd, request, size, MSG_NOSIGNAL) != size)
        fail("a request was not taken", "");
}

/* Returns whether the whole answer is there. */
static int is_answered(struct connection *c)
{
    c->answer[c->size] = 0;
    char *body = strstr(c->answer, "\r\n\r\n"), *length;
    if (!body)
        return 0;
    if (memcmp(c->answer, "HTTP/1.1 2", 10))
        fail("refused:", c->answer);
    if (!(length = strcasestr(c->answer, "\r\ncontent-length:")) || length > body)
        fail("an answer without a length:", c->answer);
    return c->answer + c->size >= body + 4 + atoi(length + 17);
}

static int receive(struct connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->size, ANSWER - 1 - c->size, 0);
    if (got <= 0)
        fail("a connection was lost", "");
    c->size += got;
    if (!is_answered(c))
        return 0;
    add_latency(&waits, now_ns() - c->intended_ns);
    c->intended_ns = 0;
    return 1;
}

static void open_all(int port, int count, int poll_fd)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < count; i++) {
        int one = 1;
        connections[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(connections[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(connections[i].fd, (struct sockaddr *)&address, sizeof address))
            fail("no connection", "");
        struct epoll_event watch = {.events = EPOLLIN, .data.u32 = i + 1};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, connections[i].fd, &watch);
    }
}

int main(int argc, char **argv)
{
    if (argc != 8 || atoi(argv[5]) > MAX_CONNECTIONS)
        return 2;
    is_post = !strcmp(argv[1], "POST");
    path = argv[3];
    token = argv[4];
    int open = atoi(argv[5]), turn = 0, is_late = 0, poll_fd = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t count = atol(argv[7]), sent = 0, answered = 0, queued = 0, expirations;
    double gap_ns = 1e9 / atof(argv[6]);
    struct epoll_event watch = {.events = EPOLLIN}, events[256];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &watch);
    open_all(atoi(argv[2]), open, poll_fd);
    uint64_t began_ns = now_ns();
    while (answered < count) {
        uint64_t due_ns = began_ns + (uint64_t)(sent * gap_ns), now = now_ns();
        for (int i = 0; i < open && sent < count && due_ns <= now; i++, turn = (turn + 1) % open)
            if (!connections[turn].intended_ns) {
                if (is_late)
                    queued++;
                else
                    add_latency(&own, now - due_ns);
                post(&connections[turn], due_ns);
                due_ns = began_ns + (uint64_t)(++sent * gap_ns);
            }
        /* The connections take turns: the server would close unused ones. */
        is_late = due_ns <= now; /* Every connection is busy until an answer comes. */
        struct itimerspec next = {0};
        if (sent < count && !is_late)
            next.it_value = (struct timespec){due_ns / 1000000000, due_ns % 1000000000};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &next, NULL);
        int ready = epoll_wait(poll_fd, events, 256, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.u32)
                answered += receive(&connections[events[i].data.u32 - 1]);
            else if (read(timer, &expirations, sizeof expirations) < 0)
                fail("timer", "");
    }
    printf("offered %lu %lu %lu %lu %lu %lu %lu\n", count, now_ns() - began_ns, find_percentile(&waits, 0.5),
           find_percentile(&waits, 0.99), waits.longest_ns, queued, own.total ? find_percentile(&own, 0.99) : 0);
}
