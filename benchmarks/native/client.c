/* The benchmarks' load client: many WebSocket connections in one thread, with as little work a frame as possible.
 *
 * Commands come on stdin, one a line. Each is answered with one line:
 *
 *   connect PORT PATH COUNT HELLOS        opens more connections, WINDOW at a time; a connection is open after HELLOS
 *                                         frames of the server → connected COUNT NS
 *   login FILE WINDOW FRAMES              sends each connection its frame of FILE (records: u32 size, bytes) and
 *                                         awaits FRAMES frames → logged-in COUNT NS FIRST_P50 FIRST_P99 FIRST_MAX
 *                                         LAST_P50 LAST_P99 LAST_MAX (ns)
 *   expect FRAMES                         → counting, and when FRAMES frames came: counted AT_NS FRAMES BYTES
 *   probe FRAMES                          does the same with frames that carry "@@" and 19 digits, the monotonic ns of
 *                                         their intended time → counting, and at the end:
 *                                         counted AT_NS FRAMES BYTES P50 P99 MAX
 *   beat ROUNDS                           sends a heartbeat on each connection, and the next one when the answer is
 *                                         there → beaten COUNT NS P50 P99 MAX
 *   slow COUNT BYTES                      reads the first COUNT connections every 10 ms only, BYTES at a time; their
 *                                         frames are not part of `expect` → slowed COUNT
 *   settle FRAMES MS                      reads all again until each slow connection got FRAMES frames since `expect`,
 *                                         was closed, or nothing came for MS → settled COMPLETE SHORT CODE=COUNT …
 *   leave                                 closes all with 1000 and awaits the ends → left COUNT
 *
 * A client that counts never sleeps. Else the server would pay for waking it, a slow server more often than a fast one,
 * and a ratio of two servers would contain that. Control frames are not counted. Anything unexpected ends the program
 * with a line on stderr. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "latencies.h"

enum { CONNECT_WINDOW = 128, TICK_MS = 10, MARK_DIGITS = 19, MARK = MARK_DIGITS + 2, HEADROOM = 32, READ = 1 << 18 };
enum state { CONNECTING, UPGRADING, OPEN, CLOSED };
enum job { NOTHING, CONNECTS, LOGINS, COUNTS, PROBES, BEATS, SETTLES, LEAVES };

struct connection {
    int fd;
    enum state state;
    bool slow;
    uint8_t header[10], header_size, opcode, close_size;
    uint16_t close_code;
    uint64_t payload_left;
    uint32_t frames, base, wanted; /* all frames; at `expect`; at the end of the present job */
    uint64_t asked_ns;
    char tail[HEADROOM];
    int tail_size;
};

static struct connection *connections;
static int opened, capacity, poll_fd, listening_fd = 0;
static enum job job;
static uint64_t job_began_ns, frames, bytes, expected, last_read_ns;
static int job_next, job_end, job_done, job_window, slow_count, slow_bytes;
static uint32_t job_frames, rounds;
static struct sockaddr_in address;
static char path[256], logins_path[1024];
static uint8_t *logins, *login_at;
static struct latencies first, last;
static uint8_t buffer[HEADROOM + READ];

static void fail(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void say(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    vprintf(text, arguments);
    putchar('\n');
    fflush(stdout);
}

static void send_all(struct connection *c, const void *data, size_t size)
{
    if (send(c->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail("connection %ld took less than %zu bytes: %s", (long)(c - connections), size, strerror(errno));
}

/* ---- commands to connections */

static void open_next(void)
{
    struct connection *c = &connections[job_next++];
    int one = 1, buffer = 1 << 16; /* A buffer of a fixed size: the kernel holds little for a slow reader. */
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        fail("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    struct epoll_event watch = {.events = EPOLLOUT, .data.u32 = c - connections + 1};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &watch);
}

static void upgrade(struct connection *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error)
        fail("connect: %s", strerror(error));
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          path, ntohs(address.sin_port));
    send_all(c, request, length);
    struct epoll_event watch = {.events = EPOLLIN, .data.u32 = c - connections + 1};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &watch);
    c->state = UPGRADING;
    c->wanted = job_frames;
}

static void log_in_next(void)
{
    struct connection *c = &connections[job_next++];
    uint32_t size;
    memcpy(&size, login_at, sizeof size);
    c->wanted = c->frames + job_frames;
    c->asked_ns = now_ns();
    send_all(c, login_at + sizeof size, size);
    login_at += sizeof size + size;
}

static void beat(struct connection *c)
{
    /* seq 2, since READY and GUILD_CREATE have come; the mask is 01 02 03 04. */
    static const char payload[] = "{\"op\":1,\"d\":2}";
    uint8_t frame[6 + sizeof payload - 1] = {0x81, 0x80 | (sizeof payload - 1), 1, 2, 3, 4};
    for (size_t i = 0; i < sizeof payload - 1; i++)
        frame[6 + i] = payload[i] ^ (i % 4 + 1);
    c->asked_ns = now_ns();
    send_all(c, frame, sizeof frame);
}

/* ---- jobs that end when every connection has done its part */

static void begin(enum job next, int from, int to, int window)
{
    job = next;
    job_next = job_done = from;
    job_end = to;
    job_window = window;
    job_began_ns = now_ns();
    clear_latencies(&first);
    clear_latencies(&last);
}

static void keep_going(void)
{
    while (job == CONNECTS && job_next < job_end && job_next - job_done < job_window)
        open_next();
    while (job == LOGINS && job_next < job_end && job_next - job_done < job_window)
        log_in_next();
}

static void report_ends(void)
{
    int codes[5000] = {0}, complete = 0, partial = 0;
    for (int i = 0; i < slow_count; i++) {
        struct connection *c = &connections[i];
        if (c->state == CLOSED)
            codes[c->close_code < 5000 ? c->close_code : 0]++;
        else if (c->frames - c->base >= job_frames)
            complete++;
        else
            partial++;
    }
    printf("settled %d %d", complete, partial);
    for (int code = 0; code < 5000; code++)
        if (codes[code])
            printf(" %d=%d", code, codes[code]);
    say("");
}

static void finish(void)
{
    uint64_t took_ns = now_ns() - job_began_ns;
    enum job done = job;
    job = NOTHING;
    switch (done) {
    case CONNECTS:
        opened = job_end;
        say("connected %d %lu", job_end, took_ns);
        break;
    case LOGINS:
        free(logins);
        say("logged-in %d %lu %lu %lu %lu %lu %lu %lu", job_end, took_ns, find_percentile(&first, 0.5),
            find_percentile(&first, 0.99), first.longest_ns, find_percentile(&last, 0.5), find_percentile(&last, 0.99),
            last.longest_ns);
        break;
    case BEATS:
        say("beaten %lu %lu %lu %lu %lu",
            last.total, took_ns, find_percentile(&last, 0.5), find_percentile(&last, 0.99),
            last.longest_ns);
        break;
    case COUNTS:
        say("counted %lu %lu %lu", now_ns(), frames, bytes);
        break;
    case PROBES:
        say("counted %lu %lu %lu %lu %lu %lu", now_ns(), frames, bytes, find_percentile(&last, 0.5),
            find_percentile(&last, 0.99), last.longest_ns);
        break;
    case SETTLES:
        report_ends();
        for (int i = 0; i < slow_count; i++)
            connections[i].slow = false;
        slow_count = 0;
        break;
    case LEAVES:
        say("left %d", opened);
        opened = 0;
        break;
    case NOTHING:
        break;
    }
}

static void one_done(void)
{
    if (++job_done == job_end)
        finish();
    else
        keep_going();
}

/* ---- incoming frames */

static void on_frame(struct connection *c)
{
    c->frames++;
    if (!c->slow)
        frames++;
    if (job == LOGINS && c->wanted) {
        uint64_t waited_ns = now_ns() - c->asked_ns;
        if (c->frames == c->wanted - job_frames + 1)
            add_latency(&first, waited_ns);
        if (c->frames == c->wanted) {
            add_latency(&last, waited_ns);
            c->wanted = 0;
            one_done();
        }
    } else if (job == CONNECTS && c->frames == c->wanted) {
        c->wanted = 0;
        one_done();
    } else if (job == BEATS) {
        add_latency(&last, now_ns() - c->asked_ns);
        if (++c->wanted < rounds)
            beat(c);
        else
            one_done();
    } else if (job == SETTLES && c->slow && c->frames - c->base == job_frames) {
        one_done();
    }
}

static void on_closed(struct connection *c)
{
    epoll_ctl(poll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    c->state = CLOSED;
    if (job == LEAVES)
        one_done();
    else if (job == SETTLES && c->slow && c->frames - c->base < job_frames)
        one_done();
    else if (!c->slow)
        fail("the server closed connection %ld with %d", (long)(c - connections), c->close_code);
}

static void take_payload(struct connection *c, const uint8_t *data, size_t size)
{
    c->payload_left -= size;
    if (c->opcode == 8)
        for (size_t i = 0; i < size && c->close_size < 2; i++, c->close_size++)
            c->close_code = c->close_code << 8 | data[i];
    if (c->payload_left == 0 && c->opcode < 8)
        on_frame(c);
}

static void take_frames(struct connection *c, const uint8_t *data, size_t size)
{
    bytes += size;
    while (size > 0) {
        if (c->payload_left > 0) {
            size_t taken = c->payload_left < size ? c->payload_left : size;
            take_payload(c, data, taken);
            data += taken;
            size -= taken;
            continue;
        }
        c->header[c->header_size++] = *data++;
        size--;
        if (c->header_size < 2)
            continue;
        int length = c->header[1] & 0x7f, extra = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (c->header_size < 2 + extra)
            continue;
        c->payload_left = extra ? 0 : length;
        for (int i = 0; i < extra; i++)
            c->payload_left = c->payload_left << 8 | c->header[2 + i];
        c->opcode = c->header[0] & 0x0f;
        c->header_size = 0;
        if (c->payload_left == 0)
            take_payload(c, data, 0);
    }
}

/* Each mark is found once, also one that spans two reads: the text after the last mark is kept for the next read. */
static void take_marks(struct connection *c, uint8_t *data, size_t size)
{
    uint64_t arrived_ns = now_ns();
    uint8_t *at = data - c->tail_size, *end = data + size, *found;
    memcpy(at, c->tail, c->tail_size);
    while ((found = memmem(at, end - at, "@@", 2)) && end - found >= MARK) {
        char digits[MARK_DIGITS + 1] = {0};
        memcpy(digits, found + 2, MARK_DIGITS);
        add_latency(&last, arrived_ns - strtoull(digits, NULL, 10));
        at = found + MARK;
    }
    int rest = found ? end - found : end - at < 1 ? 0 : 1;
    memcpy(c->tail, end - rest, rest);
    c->tail_size = rest;
}

static size_t take_answer(struct connection *c, const uint8_t *data, size_t size)
{
    uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end || memcmp(data, "HTTP/1.1 101", 12))
        fail("no upgrade: %.*s", (int)size, data);
    c->state = OPEN;
    if (job_frames == 0)
        one_done();
    return end + 4 - data;
}

static void receive(struct connection *c, size_t most)
{
    uint8_t *data = buffer + HEADROOM;
    ssize_t got = recv(c->fd, data, most, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        on_closed(c);
        return;
    }
    size_t skipped = c->state == UPGRADING ? take_answer(c, data, got) : 0;
    if (job == PROBES)
        take_marks(c, data + skipped, got - skipped);
    if (c->state == OPEN)
        take_frames(c, data + skipped, got - skipped);
    if (c->slow)
        last_read_ns = now_ns();
}

/* ---- commands */

static void start_connects(int port, int count)
{
    if (opened + count > capacity)
        fail("at most %d connections", capacity);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    begin(CONNECTS, opened, opened + count, CONNECT_WINDOW);
    memset(connections + opened, 0, count * sizeof *connections);
    keep_going();
}

/* The records are for the connections that were opened last. */
static void start_logins(int window)
{
    FILE *file = fopen(logins_path, "rb");
    if (!file)
        fail("%s: %s", logins_path, strerror(errno));
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    logins = login_at = malloc(size);
    if (fread(logins, 1, size, file) != (size_t)size)
        fail("%s was not read", logins_path);
    fclose(file);
    int records = 0;
    for (long at = 0; at < size; records++) {
        uint32_t record;
        memcpy(&record, logins + at, sizeof record);
        at += sizeof record + record;
    }
    begin(LOGINS, opened - records, opened, window);
    keep_going();
}

static void start_count(enum job next)
{
    begin(next, 0, 0, 0);
    frames = bytes = 0;
    for (int i = 0; i < opened; i++) {
        connections[i].base = connections[i].frames;
        connections[i].tail_size = 0;
    }
    say("counting");
}

static void start_beats(void)
{
    begin(BEATS, 0, opened, opened);
    for (int i = 0; i < opened; i++) {
        connections[i].wanted = 0;
        beat(&connections[i]);
    }
}

static void watch_slowly(bool slow)
{
    for (int i = 0; i < slow_count; i++) {
        struct connection *c = &connections[i];
        struct epoll_event watch = {.events = slow ? 0 : EPOLLIN, .data.u32 = i + 1};
        c->slow = true;
        if (c->state == OPEN)
            epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &watch);
    }
}

static void start_settling(void)
{
    begin(SETTLES, 0, slow_count, 0);
    last_read_ns = now_ns();
    watch_slowly(false);
    for (int i = 0; i < slow_count; i++)
        if (connections[i].state == CLOSED || connections[i].frames - connections[i].base >= job_frames)
            job_done++;
    if (job_done == job_end)
        finish();
}

static void start_leaving(void)
{
    static const uint8_t frame[] = {0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff};
    begin(LEAVES, 0, opened, 0);
    int gone = 0;
    for (int i = 0; i < opened; i++)
        if (connections[i].state == CLOSED)
            gone++;
        else
            send_all(&connections[i], frame, sizeof frame);
    job_done = gone;
    if (job_done == job_end)
        finish();
}

static uint32_t settle_ms;

static void obey(char *line)
{
    int a, b;
    if (sscanf(line, "connect %d %255s %d %u", &a, path, &b, &job_frames) == 4)
        start_connects(a, b);
    else if (sscanf(line, "login %1023s %d %u", logins_path, &a, &job_frames) == 3)
        start_logins(a);
    else if (sscanf(line, "expect %lu", &expected) == 1)
        start_count(COUNTS);
    else if (sscanf(line, "probe %lu", &expected) == 1)
        start_count(PROBES);
    else if (sscanf(line, "beat %u", &rounds) == 1)
        start_beats();
    else if (sscanf(line, "slow %d %d", &slow_count, &slow_bytes) == 2) {
        watch_slowly(true);
        say("slowed %d", slow_count);
    } else if (sscanf(line, "settle %u %u", &job_frames, &settle_ms) == 2)
        start_settling();
    else if (!strncmp(line, "leave", 5))
        start_leaving();
    else
        fail("what? %s", line);
}

static void read_slowly(void)
{
    for (int i = 0; i < slow_count; i++)
        if (connections[i].state == OPEN && connections[i].slow)
            receive(&connections[i], slow_bytes);
}

static void on_command(void)
{
    static char line[2048];
    ssize_t got = read(listening_fd, line, sizeof line - 1);
    if (got <= 0)
        exit(0);
    line[got] = 0;
    obey(line);
}

static void on_tick(void)
{
    static uint64_t ticked_ns;
    uint64_t now = now_ns();
    if (job == SETTLES && now - last_read_ns > settle_ms * 1000000ull)
        finish();
    else if (slow_bytes && job != SETTLES && now - ticked_ns >= TICK_MS * 1000000ull) {
        ticked_ns = now;
        read_slowly();
    }
}

int main(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    capacity = files.rlim_cur < 100000 ? files.rlim_cur - 16 : 100000;
    connections = calloc(capacity, sizeof *connections);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event watch = {.events = EPOLLIN}, events[1024];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listening_fd, &watch);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, 1024, job == COUNTS ? 0 : slow_count ? TICK_MS : -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = &connections[events[i].data.u32 - 1];
            if (events[i].data.u32 == 0)
                on_command();
            else if (c->state == CONNECTING)
                upgrade(c);
            else if (c->state != CLOSED)
                receive(c, READ);
        }
        if ((job == COUNTS || job == PROBES) && frames >= expected)
            finish();
        if (slow_count)
            on_tick();
    }
}
