/* Tells ThreadSanitizer of the locks of GLib, which is not built with it and locks by futexes of its
 * own.
 *
 * Linked into unit tests of a build with -Db_sanitize=thread, it stands before GLib's functions. GLib's
 * own calls of them do not come here, so that its queues are locked once more as wholes. */
#include <dlfcn.h>
#include <pthread.h>

#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void g_mutex_lock(GMutex *mutex) {
    static __typeof__(&g_mutex_lock) real;
    if (!__atomic_load_n(&real, __ATOMIC_RELAXED))
        __atomic_store_n(&real, REAL(g_mutex_lock), __ATOMIC_RELAXED);
    __atomic_load_n(&real, __ATOMIC_RELAXED)(mutex);
    __tsan_acquire(mutex);
}

void g_mutex_unlock(GMutex *mutex) {
    static __typeof__(&g_mutex_unlock) real;
    if (!__atomic_load_n(&real, __ATOMIC_RELAXED))
        __atomic_store_n(&real, REAL(g_mutex_unlock), __ATOMIC_RELAXED);
    __tsan_release(mutex);
    __atomic_load_n(&real, __ATOMIC_RELAXED)(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex) {
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 until) {
    __tsan_release(mutex);
    const gboolean is_woken = REAL(g_cond_wait_until)(cond, mutex, until);
    __tsan_acquire(mutex);
    return is_woken;
}

static pthread_mutex_t queues = PTHREAD_MUTEX_INITIALIZER;

/* Those that wait for nothing; src/people uses no others. */
void g_async_queue_push(GAsyncQueue *queue, gpointer data) {
    pthread_mutex_lock(&queues);
    REAL(g_async_queue_push)(queue, data);
    pthread_mutex_unlock(&queues);
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue) {
    pthread_mutex_lock(&queues);
    const gpointer data = REAL(g_async_queue_try_pop)(queue);
    pthread_mutex_unlock(&queues);
    return data;
}

gint g_async_queue_length(GAsyncQueue *queue) {
    pthread_mutex_lock(&queues);
    const gint n = REAL(g_async_queue_length)(queue);
    pthread_mutex_unlock(&queues);
    return n;
}
