#include "web/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/seal.h"
#include "web/peer.h"
#include "web/spool.h"

#define MEMORY_BYTES (64u << 20) /* of all bodies that are small */
#define FILE_BYTES (256u << 20)  /* of all others */
#define MOST_FILES 512u
#define MOST_FILES_OF_ONE 4u
#define MOST_READS 16u /* of what is let go by, before others have their turn */
#define FIRST_HEAD_BYTES 1024u
#define READ_BYTES (64u << 10)
#define ACCEPT_AT_ONCE 64u
#define BACKLOG 4096
#define SPARE_FILES 1024u

#define IDLE_US ((gint64)60 * 1000000)
#define HEAD_US ((gint64)15 * 1000000)
#define GRACE_US ((gint64)20 * 1000000) /* for a body or an answer, and more as it moves: */
#define BYTE_US 125                     /* 8 kB/s */
#define LINGER_US ((gint64)2 * 1000000)

enum stage { READING_HEAD, READING_BODY, WITH_ROOM, WRITING, LINGERING };

struct visit {
    struct front *front;
    int socket;
    enum stage stage;
    gboolean is_by_proxy;
    gboolean is_known;            /* something that it asked was let in */
    gboolean has_file;            /* its body lies in one, and is counted */
    char *address, *asker;        /* of the socket; for whom a proxy asks (NULL: for itself) */
    GList place;                  /* in the queue of those that ask nothing */
    GQueue *queue;                /* that one; NULL: none */
    gint64 since_us, deadline_us; /* of the stage */
    char *in;                     /* the head, and what came with it */
    gsize in_n, in_size, head_n;
    char *ahead; /* of the next request, read behind chunks */
    gsize ahead_n;
    gboolean is_unread; /* what is in `in` */
    struct web_head head;
    struct web_chunks chunks;
    gsize most_bytes;
    struct spool_body body;
    struct web_request request;
    GString *out;
    gsize sent_n;
    gboolean closes;
};

struct front {
    struct front_calls calls;
    GMutex mutex; /* over all that follows and every visit that is not with a room */
    struct spool spool;
    GHashTable *visits;      /* a set */
    GHashTable *n_of;        /* connections of an address, but the proxies' */
    GHashTable *n_files_of;  /* bodies in files, by who asks */
    GQueue strangers, known; /* that ask nothing, the oldest first */
    GQueue bodies;           /* that send one */
    int listening, poll, wake;
    gboolean is_stopping;
    GThread *thread;
};

/* ── Connections come and go ───────────────────────────────────────────────────────────────────── */

static void leave_queue(struct visit *visit) {
    if (visit->queue)
        g_queue_unlink(visit->queue, &visit->place);
    visit->queue = NULL;
}

/* It asks nothing, or not yet. */
static void enter_queue(struct visit *visit) {
    leave_queue(visit);
    visit->queue = visit->stage == READING_BODY ? &visit->front->bodies
                   : visit->is_known            ? &visit->front->known
                                                : &visit->front->strangers;
    g_queue_push_tail_link(visit->queue, &visit->place);
}

static guint count(GHashTable *counts, const char *key) {
    return GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
}

static void set_count(GHashTable *counts, const char *key, guint n) {
    if (n)
        g_hash_table_insert(counts, g_strdup(key), GUINT_TO_POINTER(n));
    else
        g_hash_table_remove(counts, key);
}

static void forget_request(struct visit *visit) {
    GHashTable *n_files_of = visit->front->n_files_of;
    if (visit->has_file)
        set_count(n_files_of, visit->request.peer, count(n_files_of, visit->request.peer) - 1);
    visit->has_file = FALSE;
    web_head_clear(&visit->head);
    spool_clear(&visit->front->spool, &visit->body);
    visit->chunks = (struct web_chunks){0};
    visit->request = (struct web_request){0};
    g_clear_pointer(&visit->asker, g_free);
}

static void forget_in(struct visit *visit) {
    if (visit->in)
        seal_wipe(visit->in, visit->in_size); /* keys of links, cookies, PINs */
    if (visit->ahead)
        seal_wipe(visit->ahead, visit->ahead_n);
    g_clear_pointer(&visit->in, g_free);
    g_clear_pointer(&visit->ahead, g_free);
    visit->in_n = visit->in_size = visit->head_n = visit->ahead_n = 0;
}

static void forget_out(struct visit *visit) {
    if (!visit->out)
        return;
    seal_wipe(visit->out->str, visit->out->len);
    g_string_free(visit->out, TRUE);
    visit->out = NULL;
}

static void drop(struct visit *visit) {
    struct front *front = visit->front;
    leave_queue(visit);
    if (!visit->is_by_proxy)
        set_count(front->n_of, visit->address, count(front->n_of, visit->address) - 1);
    g_hash_table_remove(front->visits, visit);
    close(visit->socket);
    forget_request(visit);
    forget_in(visit);
    forget_out(visit);
    g_free(visit->address);
    g_free(visit);
}

/* Whoever has waited longest without a question, a stranger if there is one; then who sends a body. */
static gboolean make_room(struct front *front) {
    GQueue *const queues[] = {&front->strangers, &front->known, &front->bodies};
    for (guint i = 0; i < G_N_ELEMENTS(queues); i++)
        if (queues[i]->length) {
            drop(queues[i]->head->data);
            return TRUE;
        }
    return FALSE;
}

/* Until something can be read or written, or the stage has taken too long. */
static void wait_for(struct visit *visit, guint32 events) {
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.ptr = visit};
    epoll_ctl(visit->front->poll, EPOLL_CTL_MOD, visit->socket, &event);
}

static void begin_stage(struct visit *visit, enum stage stage, gint64 most_us) {
    visit->stage = stage;
    visit->since_us = g_get_monotonic_time();
    visit->deadline_us = visit->since_us + most_us;
}

/* What has moved earns more time, which nothing can be saved of. */
static void extend(struct visit *visit, gsize moved_n) {
    visit->deadline_us =
        MIN(visit->since_us + GRACE_US + (gint64)moved_n * BYTE_US, g_get_monotonic_time() + GRACE_US);
}

static void welcome(struct front *front, int socket, const struct sockaddr *address) {
    const int yes = 1;
    g_autofree char *text = peer_address(address);
    const gboolean is_by_proxy = peer_is_proxy(address);
    struct visit *visit = g_new0(struct visit, 1);
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = visit};

    if ((!is_by_proxy && count(front->n_of, text) >= FRONT_MOST_OF_ONE) ||
        (g_hash_table_size(front->visits) >= FRONT_MOST && !make_room(front)) ||
        epoll_ctl(front->poll, EPOLL_CTL_ADD, socket, &event) != 0) {
        close(socket);
        g_free(visit);
        return;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    *visit = (struct visit){.front = front,
                            .socket = socket,
                            .is_by_proxy = is_by_proxy,
                            .address = g_steal_pointer(&text)};
    visit->place.data = visit;
    begin_stage(visit, READING_HEAD, HEAD_US);
    if (!is_by_proxy)
        set_count(front->n_of, visit->address, count(front->n_of, visit->address) + 1);
    g_hash_table_add(front->visits, visit);
    enter_queue(visit);
}

static void accept_some(struct front *front) {
    for (guint i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct sockaddr_storage address;
        socklen_t n = sizeof address;
        const int socket =
            accept4(front->listening, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0)
            welcome(front, socket, (const struct sockaddr *)&address);
        else if ((errno != EMFILE && errno != ENFILE) || !make_room(front))
            return;
    }
}

/* ── Answers ───────────────────────────────────────────────────────────────────────────────────── */

/* What came behind the request that is answered now is the next one. */
static void begin_again(struct visit *visit) {
    const gsize left = visit->in_n - visit->head_n;
    g_autofree char *rest = visit->ahead ? g_steal_pointer(&visit->ahead)
                            : left       ? g_memdup2(visit->in + visit->head_n, left)
                                         : NULL;
    const gsize rest_n = visit->ahead_n ? visit->ahead_n : left;
    forget_request(visit);
    forget_in(visit);
    visit->in = g_steal_pointer(&rest);
    visit->in_n = visit->in_size = rest_n;
    visit->is_unread = rest_n > 0;
    begin_stage(visit, READING_HEAD, rest_n ? HEAD_US : IDLE_US);
    enter_queue(visit);
    wait_for(visit, rest_n ? EPOLLOUT : EPOLLIN); /* at once, when there is something */
}

/* What is still coming is let come, unread, for a moment: a connection that is closed with something
 * unread takes the answer with it. */
static void linger(struct visit *visit) {
    forget_request(visit);
    forget_in(visit);
    shutdown(visit->socket, SHUT_WR);
    begin_stage(visit, LINGERING, LINGER_US);
    enter_queue(visit);
    wait_for(visit, EPOLLIN);
}

static void write_on(struct visit *visit) {
    while (visit->sent_n < visit->out->len) {
        const gssize n = send(visit->socket, visit->out->str + visit->sent_n,
                              visit->out->len - visit->sent_n, MSG_NOSIGNAL);
        if (n > 0) {
            visit->sent_n += (gsize)n;
        } else if (n < 0 && errno == EAGAIN) {
            extend(visit, visit->sent_n);
            wait_for(visit, EPOLLOUT);
            return;
        } else if (n == 0 || errno != EINTR) {
            drop(visit);
            return;
        }
    }
    forget_out(visit);
    if (visit->closes)
        linger(visit);
    else
        begin_again(visit);
}

/* What takes long of an answer, for which no lock is needed. */
static void format(struct visit *visit, struct web_response *response) {
    const struct front_calls *calls = &visit->front->calls;
    visit->closes = response->closes |= !visit->head.keeps;
    visit->out = web_response_format(response, calls->now(calls->context),
                                     visit->head.method && g_str_equal(visit->head.method, "HEAD"));
}

static void send_out(struct visit *visit) {
    visit->closes |= visit->front->is_stopping;
    visit->sent_n = 0;
    leave_queue(visit);
    begin_stage(visit, WRITING, GRACE_US);
    write_on(visit);
}

static void answer(struct visit *visit, struct web_response *response) {
    format(visit, response);
    send_out(visit);
}

static void refuse(struct visit *visit, guint status, const char *title, const char *detail) {
    struct web_response response = {.closes = TRUE, .body = g_string_new(NULL)};
    web_problem(&response, status, title, detail);
    answer(visit, &response);
}

void front_answer(struct visit *visit, struct web_response *response) {
    struct front *front = visit->front;
    format(visit, response);
    g_mutex_lock(&front->mutex);
    send_out(visit);
    g_mutex_unlock(&front->mutex);
}

const struct web_request *front_request(struct visit *visit) {
    return &visit->request;
}

gboolean front_read_body(struct visit *visit) {
    visit->request.body = spool_read(&visit->body);
    visit->request.body_n = visit->body.n;
    return visit->request.body != NULL;
}

/* ── Requests come in ──────────────────────────────────────────────────────────────────────────── */

static const char too_large[] = "Send at most 16 MiB of events at once, or 64 KiB of anything else.";

static void arrive(struct visit *visit) {
    const struct front_calls *calls = &visit->front->calls;
    visit->stage = WITH_ROOM;
    visit->is_known = TRUE;
    leave_queue(visit);
    if (!calls->arrive(calls->context, visit))
        refuse(visit, 503, "Busy", "Too much waits. Nothing was taken; try again.");
}

static gboolean keep_body(struct visit *visit, const char *bytes, gsize n) {
    GHashTable *n_files_of = visit->front->n_files_of;
    const guint n_files = count(n_files_of, visit->request.peer);
    const gboolean is_small = visit->body.n + n < SPOOL_MEMORY_BYTES;
    if ((!is_small && !visit->has_file && n_files >= MOST_FILES_OF_ONE) ||
        !spool_add(&visit->front->spool, &visit->body, bytes, n))
        return FALSE;
    if (visit->body.is_in_file && !visit->has_file) {
        set_count(n_files_of, visit->request.peer, n_files + 1);
        visit->has_file = TRUE;
    }
    return TRUE;
}

/* Some bytes of the body; of them, `read_n` belonged to it. REFUSED: the visit is over. */
static enum web_reading take_body(struct visit *visit, char *bytes, gsize n, gsize *read_n) {
    gsize body_n = MIN(n, visit->head.body_n - visit->body.n);
    enum web_reading reading;
    *read_n = body_n;
    if (visit->head.is_chunked)
        reading = web_chunks_read(&visit->chunks, bytes, n, &body_n, read_n);
    else
        reading = visit->body.n + body_n == visit->head.body_n ? WEB_READING_DONE : WEB_READING_MORE;
    if (reading == WEB_READING_REFUSED)
        refuse(visit, 400, "Ambiguous request", "The body's chunks can be read in more than one way.");
    else if (visit->body.n + body_n > visit->most_bytes)
        refuse(visit, 413, "Too large", too_large);
    else if (!keep_body(visit, bytes, body_n))
        refuse(visit, 503, "Busy", "There is no room for it now. Nothing was taken; try again.");
    else
        return reading;
    return WEB_READING_REFUSED;
}

/* What came with the head. */
static void begin_body(struct visit *visit) {
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    gsize read_n;
    if (visit->head.is_awaiting &&
        send(visit->socket, go_on, strlen(go_on), MSG_NOSIGNAL) != (gssize)strlen(go_on)) {
        drop(visit);
        return;
    }
    begin_stage(visit, READING_BODY, GRACE_US);
    enter_queue(visit);
    switch (take_body(visit, visit->in + visit->head_n, visit->in_n - visit->head_n, &read_n)) {
    case WEB_READING_DONE:
        visit->head_n += read_n;
        arrive(visit);
        return;
    case WEB_READING_REFUSED: return;
    default: visit->head_n = visit->in_n; wait_for(visit, EPOLLIN);
    }
}

static gboolean admit(struct visit *visit, struct web_response *response) {
    const struct front_calls *calls = &visit->front->calls;
    const char *forwarded = visit->is_by_proxy ? web_head_field(&visit->head, "X-Forwarded-For") : NULL;
    visit->asker = forwarded ? peer_forwarded(forwarded) : NULL;
    visit->request = (struct web_request){.head = &visit->head,
                                          .method = visit->head.method,
                                          .path = visit->head.path,
                                          .peer = visit->asker ? visit->asker : visit->address};
    return calls->admit(calls->context, &visit->request, &visit->most_bytes, response);
}

static void take_request(struct visit *visit) {
    const gboolean has_body = visit->head.body_n || visit->head.is_chunked;
    struct web_response response = {0};
    leave_queue(visit);
    if (!admit(visit, &response)) {
        response.closes |= has_body;
        answer(visit, &response);
        return;
    }
    g_string_free(response.body, TRUE);
    if (!has_body)
        arrive(visit);
    else if (!visit->head.is_chunked && visit->head.body_n > visit->most_bytes)
        refuse(visit, 413, "Too large", too_large);
    else
        begin_body(visit);
}

static void take_head(struct visit *visit) {
    guint status;
    const char *why;
    switch (web_head_read(visit->in, visit->in_n, &visit->head, &visit->head_n, &status, &why)) {
    case WEB_READING_DONE: take_request(visit); return;
    case WEB_READING_REFUSED: refuse(visit, status, "Bad request", why); return;
    default: wait_for(visit, EPOLLIN);
    }
}

/* The bytes that could be had; -1: none now. FALSE when the other side is gone, and with it the visit.
 */
static gboolean receive(struct visit *visit, char *bytes, gsize n, gssize *got) {
    do
        *got = recv(visit->socket, bytes, n, 0);
    while (*got < 0 && errno == EINTR);
    if (*got > 0 || (*got < 0 && errno == EAGAIN))
        return TRUE;
    drop(visit);
    return FALSE;
}

static void make_room_for_head(struct visit *visit) {
    const gsize n = visit->in_n, size = MAX(n * 2, FIRST_HEAD_BYTES);
    char *larger = g_malloc0(size);
    memcpy(larger, n ? visit->in : "", n);
    forget_in(visit);
    visit->in = larger;
    visit->in_n = n;
    visit->in_size = size;
}

static void read_head(struct visit *visit) {
    gssize n;
    if (visit->is_unread) {
        visit->is_unread = FALSE;
        take_head(visit);
        return;
    }
    if (visit->in_n == visit->in_size)
        make_room_for_head(visit);
    if (!receive(visit, visit->in + visit->in_n, visit->in_size - visit->in_n, &n))
        return;
    if (n < 0) {
        wait_for(visit, EPOLLIN);
        return;
    }
    if (!visit->in_n)
        begin_stage(visit, READING_HEAD, HEAD_US);
    const char *new_bytes = visit->in + visit->in_n;
    const gboolean may_end = memchr(new_bytes, '\n', (gsize)n) || memchr(new_bytes, 0, (gsize)n);
    visit->in_n += (gsize)n;
    if (may_end || visit->in_n >= WEB_HEAD_MOST_BYTES) /* nothing can be said before a line ends */
        take_head(visit);
    else
        wait_for(visit, EPOLLIN);
}

static void read_body(struct visit *visit) {
    static char bytes[READ_BYTES]; /* the front has one thread */
    const gsize most =
        visit->head.is_chunked ? sizeof bytes : MIN(sizeof bytes, visit->head.body_n - visit->body.n);
    gsize read_n;
    gssize n;
    if (!receive(visit, bytes, most, &n))
        return;
    enum web_reading reading = n > 0 ? take_body(visit, bytes, (gsize)n, &read_n) : WEB_READING_MORE;
    if (reading == WEB_READING_MORE) {
        extend(visit, visit->body.n);
        wait_for(visit, EPOLLIN);
    } else if (reading == WEB_READING_DONE) {
        if (read_n < (gsize)n) {
            visit->ahead_n = (gsize)n - read_n;
            visit->ahead = g_memdup2(bytes + read_n, visit->ahead_n);
        }
        arrive(visit);
    }
    seal_wipe(bytes, n > 0 ? (gsize)n : 0);
}

static void let_linger(struct visit *visit) {
    char unread[4096];
    gssize n;
    for (guint i = 0; i < MOST_READS; i++) {
        if (!receive(visit, unread, sizeof unread, &n))
            return;
        if (n < 0)
            break;
    }
    wait_for(visit, EPOLLIN);
}

/* ── The thread ────────────────────────────────────────────────────────────────────────────────── */

static void go_on(struct visit *visit) {
    switch (visit->stage) {
    case READING_HEAD: read_head(visit); break;
    case READING_BODY: read_body(visit); break;
    case WRITING: write_on(visit); break;
    case LINGERING: let_linger(visit); break;
    default: break;
    }
}

static void end_late(struct front *front) {
    const gint64 now = g_get_monotonic_time();
    g_autoptr(GPtrArray) late = g_ptr_array_new();
    GHashTableIter visits;
    gpointer key;
    g_hash_table_iter_init(&visits, front->visits);
    while (g_hash_table_iter_next(&visits, &key, NULL)) {
        const struct visit *visit = key;
        if (visit->stage != WITH_ROOM && visit->deadline_us < now)
            g_ptr_array_add(late, key);
    }
    for (guint i = 0; i < late->len; i++) {
        struct visit *visit = late->pdata[i];
        if (visit->stage == READING_BODY)
            refuse(visit, 408, "Too slow", "The body came too slowly. Nothing was taken; try again.");
        else
            drop(visit);
    }
}

static gpointer run(gpointer data) {
    struct front *front = data;
    struct epoll_event events[256];
    gint64 looked_us = g_get_monotonic_time();
    for (;;) {
        const int n = epoll_wait(front->poll, events, G_N_ELEMENTS(events), 1000);
        g_mutex_lock(&front->mutex);
        const gboolean is_over = front->is_stopping;
        for (int i = 0; i < n && !is_over; i++)
            if (events[i].data.ptr == front)
                accept_some(front);
            else if (g_hash_table_contains(front->visits,
                                           events[i].data.ptr)) /* none before dropped it */
                go_on(events[i].data.ptr);
        if (g_get_monotonic_time() - looked_us > 1000000 && !is_over) {
            end_late(front);
            looked_us = g_get_monotonic_time();
        }
        g_mutex_unlock(&front->mutex);
        if (is_over)
            return NULL;
    }
}

/* ── It opens and closes ───────────────────────────────────────────────────────────────────────── */

/* -1 when nothing can listen there. */
static int listen_at(const struct front_place *place) {
    const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM};
    const int yes = 1;
    const gsize n = strlen(place->address);
    const gboolean has_brackets = n > 2 && *place->address == '[' && place->address[n - 1] == ']';
    g_autofree char *address =
        has_brackets ? g_strndup(place->address + 1, n - 2) : g_strdup(place->address);
    g_autofree char *port = g_strdup_printf("%u", place->port);
    struct addrinfo *found = NULL;
    if (getaddrinfo(address, port, &wanted, &found) != 0)
        return -1;
    int listening = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening >= 0 &&
        (setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
         bind(listening, found->ai_addr, found->ai_addrlen) != 0 || listen(listening, BACKLOG) != 0)) {
        close(listening);
        listening = -1;
    }
    freeaddrinfo(found);
    return listening;
}

static void allow_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FRONT_MOST + SPARE_FILES)
        return;
    limit.rlim_cur = MIN(limit.rlim_max, FRONT_MOST + SPARE_FILES);
    setrlimit(RLIMIT_NOFILE, &limit);
}

struct front *front_start(const struct front_place *place, const struct front_calls *calls,
                          GError **error) {
    const int listening = listen_at(place);
    if (listening < 0) {
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_NETWORK,
            "nothing can listen on %s:%u: is another program there, or is it no address of this "
            "machine?",
            place->address, place->port);
        return NULL;
    }
    allow_files();
    struct front *front = g_new0(struct front, 1);
    *front = (struct front){.calls = *calls,
                            .spool = {place->spool, MEMORY_BYTES, FILE_BYTES, MOST_FILES},
                            .visits = g_hash_table_new(NULL, NULL),
                            .n_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                            .n_files_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                            .listening = listening,
                            .poll = epoll_create1(EPOLL_CLOEXEC),
                            .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    g_mutex_init(&front->mutex);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = front};
    epoll_ctl(front->poll, EPOLL_CTL_ADD, front->listening, &event);
    epoll_ctl(front->poll, EPOLL_CTL_ADD, front->wake, &event);
    front->thread = g_thread_new("front", run, front);
    return front;
}

void front_stop(struct front *front) {
    const guint64 one = 1;
    g_mutex_lock(&front->mutex);
    front->is_stopping = TRUE;
    g_mutex_unlock(&front->mutex);
    if (write(front->wake, &one, sizeof one) != sizeof one)
        g_warn_if_reached();
    g_thread_join(front->thread);
    close(front->listening);
}

void front_free(struct front *front) {
    g_autoptr(GList) visits = g_hash_table_get_keys(front->visits);
    for (GList *v = visits; v; v = v->next)
        drop(v->data);
    g_hash_table_unref(front->visits);
    g_hash_table_unref(front->n_of);
    g_hash_table_unref(front->n_files_of);
    close(front->poll);
    close(front->wake);
    g_mutex_clear(&front->mutex);
    g_free(front);
}

guint front_port(const struct front *front) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {0}};
    socklen_t n = sizeof address;
    if (getsockname(front->listening, &address.any, &n) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
