/* Receives for the benchmarks: counts the WebSocket frames that arrive on many sockets, as cheaply as it can be done.
 *
 *   sink FIRST COUNT   the sockets are the inherited descriptors FIRST … FIRST+COUNT-1; connected, nothing half read
 *
 * On stdin: "expect N\n" starts counting anew and, as soon as N data frames have arrived, prints
 * "<monotonic ns> <frames> <bytes>\n". Frames come from a server: unmasked. Control frames are not counted. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

struct stream {
    uint64_t payload_left;
    uint8_t header[10];
    int header_size;
};

static uint64_t frames, bytes, expected;

static void count(struct stream *s, const uint8_t *data, size_t size)
{
    bytes += size;
    while (size > 0) {
        if (s->payload_left > 0) {
            size_t taken = s->payload_left < size ? s->payload_left : size;
            s->payload_left -= taken;
            data += taken;
            size -= taken;
            continue;
        }
        s->header[s->header_size++] = *data++;
        size--;
        if (s->header_size < 2)
            continue;
        int length = s->header[1] & 0x7f;
        int extra = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (s->header_size < 2 + extra)
            continue;
        uint64_t total = extra ? 0 : length;
        for (int i = 0; i < extra; i++)
            total = total << 8 | s->header[2 + i];
        s->payload_left = total;
        s->header_size = 0;
        if ((s->header[0] & 0x0f) < 8)
            frames++;
    }
}

static void report(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%llu %llu %llu\n", (unsigned long long)now.tv_sec * 1000000000ull + now.tv_nsec,
           (unsigned long long)frames, (unsigned long long)bytes);
    fflush(stdout);
    expected = 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int first = atoi(argv[1]), number = atoi(argv[2]);
    static uint8_t buffer[1 << 18];
    struct stream *streams = calloc(number, sizeof *streams);
    struct epoll_event events[1024];
    int poll = epoll_create1(0);
    struct epoll_event watch = {.events = EPOLLIN, .data.fd = 0};
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &watch);
    for (int i = 0; i < number; i++) {
        fcntl(first + i, F_SETFL, O_NONBLOCK);
        watch.data.fd = first + i;
        epoll_ctl(poll, EPOLL_CTL_ADD, first + i, &watch);
    }
    for (;;) {
        int ready = epoll_wait(poll, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            ssize_t got = read(fd, buffer, sizeof buffer);
            if (fd == 0) {
                if (got <= 0)
                    return 0;
                buffer[got] = 0;
                frames = bytes = 0;
                sscanf((char *)buffer, "expect %lu", &expected);
                printf("counting\n");
                fflush(stdout);
            } else if (got > 0) {
                count(&streams[fd - first], buffer, got);
            } else if (got == 0 || errno != EAGAIN) {
                epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL);
            }
        }
        if (expected && frames >= expected)
            report();
    }
}
