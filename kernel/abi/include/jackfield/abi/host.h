/* What the kernel gives to a plugin instance: log, control thread, timers, time, randomness, services.
 *
 * One jf_host per instance. It is valid from `create` until `destroy` returns; nothing may touch it afterwards.
 * When the kernel destroys an instance it first closes the host's gate: tasks and timers still queued are dropped
 * (their `drop` runs, never their `run`), so a task may point at the instance.
 */
#ifndef JACKFIELD_ABI_HOST_H
#define JACKFIELD_ABI_HOST_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_LOG_DEBUG 0
#define JF_LOG_INFO 1
#define JF_LOG_WARNING 2
#define JF_LOG_ERROR 3

/* Work for the control thread. Exactly one of run and drop is called, once, and frees whatever self is. */
typedef struct jf_task {
    void *self;
    void (*run)(void *self);  /* [control] */
    void (*drop)(void *self); /* [any] the instance is going away; must not call the host */
} jf_task;

/* A running timer. Never 0, never used again within one instance. */
typedef uint64_t jf_timer;

typedef struct jf_host {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void *self;        /* first argument of every function below */

    /* [any] One line, without a line end. Dropped if the level is switched off; see log_enabled. */
    void (*log)(void *self, int32_t level, jf_text message);

    /* [any] 1 if a line of that level would be kept: ask before building an expensive one. */
    int32_t (*log_enabled)(void *self, int32_t level);

    /* [any] Runs the task on a later turn of the control thread, in the order of posting. Takes over the task, also
     * after the gate is closed (then it is dropped at once). */
    void (*post)(void *self, jf_task task);

    /* [any] Runs the task on the control thread once delay_ns nanoseconds have passed. */
    jf_timer (*start_timer)(void *self, int64_t delay_ns, jf_task task);

    /* [any] Drops the timer's task if it has not begun to run; nothing otherwise. On the control thread the task surely
     * does not run after this returns. */
    void (*cancel_timer)(void *self, jf_timer timer);

    /* [any] Monotonic time in nanoseconds; its zero means nothing. Packet arrival and capture times use this clock. */
    int64_t (*now_ns)(void *self);

    /* [any] Wall clock, milliseconds since 1970-01-01 UTC. For expiry dates, never for measuring. */
    int64_t (*wall_ms)(void *self);

    /* [any] Fills the memory with bytes fit for keys. Does not fail. */
    void (*random)(void *self, uint8_t *data, size_t size);

    /* [any] 1 if the caller is on the control thread. */
    int32_t (*on_control_thread)(void *self);

    /* [any] A service by its interface id, for example "jackfield.identity/1" gives a const jf_identity *
     * (identity.h). NULL if this node has none. The answer does not change and outlives the instance. */
    const void *(*get_service)(void *self, jf_text interface_id);
} jf_host;

JF_ASSERT_SIZE(jf_task, 24);
JF_ASSERT_OFFSET(jf_task, drop, 16);
JF_ASSERT_SIZE(jf_host, 96);
JF_ASSERT_OFFSET(jf_host, self, 8);
JF_ASSERT_OFFSET(jf_host, log, 16);
JF_ASSERT_OFFSET(jf_host, get_service, 88);

#ifdef __cplusplus
}
#endif
#endif
