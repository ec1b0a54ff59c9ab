/* uWebSockets (C++), by the C interface of the library that the Python package socketify carries: its speed without a
 * line of Python.
 *
 *   uws               prints "ready port=N"; every connection subscribes to one topic; the answer to a client's message
 *                     is a heartbeat's acknowledgement
 *   burst EVENTS TURN BYTES
 *                     on stdin: publishes TURN frames of BYTES in each turn of the loop → done
 *
 * The declarations below are the used part of the library's header. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct app app_t;
typedef struct ws ws_t;
struct listen_socket;
struct tls_options {
    const char *names[6];
    int low_memory;
};
typedef void (*handler_t)(ws_t *, void *);
typedef void (*message_t)(ws_t *, const char *, size_t, int opcode, void *);
struct behavior {
    int compression;
    unsigned max_payload;
    unsigned short idle_timeout;
    unsigned max_backpressure;
    bool close_on_backpressure, reset_idle_on_send, pings;
    unsigned short max_lifetime;
    void *upgrade;
    handler_t open;
    message_t message;
    void *drain, *ping, *pong, *close, *subscription;
};
struct listen_config {
    int port;
    const char *host;
    int options;
};
typedef struct loop loop_t;
enum { PLAIN = 0, TEXT = 1, RUN_ONCE = 1, RUN_NOWAIT = 2, POLL_MS = 1 };

loop_t *socketify_create_loop(void);
void *socketify_get_native_loop(loop_t *);
int socketify_loop_run(loop_t *, int mode);
void *socketify_create_timer(loop_t *, uint64_t timeout, uint64_t repeat, void (*)(void *), void *);
void *uws_get_loop_with_native(void *);
app_t *uws_create_app(int ssl, struct tls_options);
void uws_ws(int ssl, app_t *, const char *pattern, struct behavior, void *);
void uws_app_listen_with_config(int ssl, app_t *, struct listen_config,
                                void (*)(struct listen_socket *, struct listen_config, void *),
                                void *);
int us_socket_local_port(int ssl, struct listen_socket *);
bool uws_ws_subscribe(int ssl, ws_t *, const char *topic, size_t);
int uws_ws_send(int ssl, ws_t *, const char *, size_t, int opcode);
bool uws_publish(int ssl, app_t *, const char *topic, size_t, const char *, size_t, int opcode, bool compress);

static app_t *app;
static loop_t *loop;
static const char ack[] = "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}";

static void on_open(ws_t *ws, void *unused)
{
    (void)unused;
    uws_ws_subscribe(PLAIN, ws, "g", 1);
}

static void on_message(ws_t *ws, const char *message, size_t size, int opcode, void *unused)
{
    (void)message, (void)size, (void)opcode, (void)unused;
    uws_ws_send(PLAIN, ws, ack, sizeof ack - 1, TEXT);
}

static void on_listen(struct listen_socket *listener, struct listen_config config, void *unused)
{
    (void)config, (void)unused;
    if (!listener)
        exit(1);
    printf("ready port=%d\n", us_socket_local_port(PLAIN, listener));
    fflush(stdout);
}

static void burst(int events, int turn, size_t bytes)
{
    size_t size = bytes - 4; /* 126 … 65,535 bytes have a header of four */
    char *text = malloc(size);
    memset(text, 'x', size);
    for (int sent = 0; sent < events; sent += turn) {
        for (int i = 0; i < turn && sent + i < events; i++)
            uws_publish(PLAIN, app, "g", 1, text, size, TEXT, false);
        socketify_loop_run(loop, RUN_NOWAIT);
    }
    free(text);
}

static void look_for_command(void *pending)
{
    char line[256];
    ssize_t got = read(0, line, sizeof line - 1);
    if (got == 0)
        exit(0);
    if (got > 0) {
        line[got] = 0;
        strcpy(pending, line);
    }
}

int main(void)
{
    static char pending[256];
    int events, turn;
    size_t bytes;
    loop = socketify_create_loop();
    uws_get_loop_with_native(socketify_get_native_loop(loop));
    app = uws_create_app(PLAIN, (struct tls_options){0});
    struct behavior behavior = {
        .max_payload = 4096, .max_backpressure = 64 << 20, .open = on_open, .message = on_message};
    uws_ws(PLAIN, app, "/*", behavior, NULL);
    uws_app_listen_with_config(PLAIN, app, (struct listen_config){.host = "127.0.0.1"}, on_listen, NULL);
    fcntl(0, F_SETFL, O_NONBLOCK);
    socketify_create_timer(loop, POLL_MS, POLL_MS, look_for_command, pending);
    for (;;) {
        socketify_loop_run(loop, RUN_ONCE);
        if (sscanf(pending, "burst %d %d %zu", &events, &turn, &bytes) == 3) {
            burst(events, turn, bytes);
            printf("done\n");
            fflush(stdout);
        }
        pending[0] = 0;
    }
}
