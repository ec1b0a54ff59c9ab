/* The floor of fan-out: a server that does nothing but `send`. Its speed is the kernel's part of a delivery.
 *
 *   floor SNDBUF      prints "ready port=N"; accepts and upgrades connections, whose sockets have TCP_NODELAY and a
 *                     send buffer of SNDBUF bytes
 *   burst EVENTS TURN BYTES RECIPIENTS
 *                     on stdin: for each TURN of the events, one send of TURN frames of BYTES to each of RECIPIENTS
 *                     connections, the next ones each time, round and round → done
 *
 * Sockets block, so that every send takes all. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SOCKETS = 100000 };
static int sockets[MAX_SOCKETS], count;

static void accept_one(int listener)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    char request[4096];
    size_t size = 0;
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0 || count == MAX_SOCKETS)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (size < 4 || memcmp(request + size - 4, "\r\n\r\n", 4)) {
        ssize_t got = recv(fd, request + size, sizeof request - size, 0);
        if (got <= 0)
            exit(1);
        size += got;
    }
    send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    sockets[count++] = fd;
}

static uint8_t *make_frames(size_t bytes, int number)
{
    uint8_t *all = malloc(bytes * number);
    for (int i = 0; i < number; i++) {
        uint8_t *frame = all + bytes * i;
        int header = bytes - 2 < 126 ? 2 : bytes - 4 < 65536 ? 4 : 10;
        uint64_t payload = bytes - header;
        memset(frame, 'x', bytes);
        frame[0] = 0x81;
        frame[1] = header == 2 ? payload : header == 4 ? 126 : 127;
        for (int place = header - 1; place >= 2; place--, payload >>= 8)
            frame[place] = payload & 0xff;
    }
    return all;
}

static void burst(int events, int turn, size_t bytes, int recipients)
{
    uint8_t *frames = make_frames(bytes, turn);
    int at = 0;
    for (int sent = 0; sent < events; sent += turn) {
        size_t size = bytes * (events - sent < turn ? events - sent : turn);
        for (int i = 0; i < recipients; i++) {
            if (send(sockets[at], frames, size, MSG_NOSIGNAL) != (ssize_t)size)
                exit(1);
            at = at + 1 == count ? 0 : at + 1;
        }
    }
    free(frames);
}

static void obey(void)
{
    char line[256];
    int events, turn, recipients;
    size_t bytes;
    ssize_t got = read(0, line, sizeof line - 1);
    if (got <= 0)
        exit(0);
    line[got] = 0;
    if (sscanf(line, "burst %d %d %zu %d", &events, &turn, &bytes, &recipients) != 4)
        exit(2);
    burst(events, turn, bytes, recipients);
    printf("done\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct rlimit files;
    int buffer = argc > 1 ? atoi(argv[1]) : 131072, listener = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer); /* accepted sockets inherit it */
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
        return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("ready port=%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct pollfd watched[] = {{.fd = 0, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    while (poll(watched, 2, -1) > 0) {
        if (watched[1].revents)
            accept_one(listener);
        else if (watched[0].revents)
            obey();
    }
}
