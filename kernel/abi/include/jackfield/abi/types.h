/* The words every other header of the plugin boundary is written in: text, bytes, status, completion.
 *
 * Plain C11. No type of this folder has a C++ type, a bit field, an enum member or an array bound that may grow.
 *
 * Rules that hold for every function of the boundary, said once:
 *   Threads     each function carries one tag.
 *               [control]  the node's one control thread; calls never overlap.
 *               [media]    the thread of one media stream; calls for that stream never overlap; the function
 *                          neither allocates, nor blocks, nor takes a lock that a [control] function holds for long.
 *               [worker]   a thread of the kernel's that may be kept busy; several at once, never control or media.
 *               [any]      every thread, several at once.
 *   Ownership   a pointer passed in is borrowed until the call returns. Whoever creates an object frees it, through the
 *               `release` of the object's own table. Results of unknown size are pushed into a jf_writer.
 *   Completion  an asynchronous call ends in exactly one jf_done (or one final event, where the table says so), always
 *               posted to the control thread, never inside the call that started the work. When the kernel destroys an
 *               instance it ends what is still running itself, with JF_CANCELLED: a completion whose task the host
 *               dropped counts as made.
 *   Growth      a struct that begins with struct_size may get members at its end. The writer of a struct sets
 *               struct_size to the size it was compiled with; a reader looks at a member only if JF_HAS says it is
 *               there. In method tables the members before the comment "optional" are required.
 */
#ifndef JACKFIELD_ABI_TYPES_H
#define JACKFIELD_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define JF_STATIC_ASSERT static_assert
extern "C" {
#else
#define JF_STATIC_ASSERT _Static_assert
#endif

/* The version of this folder as a whole. A plugin loads when its major is ours and its minor is not newer. */
#define JF_ABI_MAJOR 1
#define JF_ABI_MINOR 0

/* UTF-8, not terminated. {NULL, 0} is the empty text. */
typedef struct jf_text {
    const char *data;
    size_t size;
} jf_text;

typedef struct jf_bytes {
    const uint8_t *data;
    size_t size;
} jf_bytes;

/* 0, or one of the negative codes below. */
typedef int32_t jf_status;

#define JF_OK 0
#define JF_CANCELLED (-1)        /* someone asked for it to stop, or the instance went away */
#define JF_NOT_FOUND (-2)        /* no such peer, file, codec, plugin */
#define JF_TIMEOUT (-3)          /* the time for it is over */
#define JF_REFUSED (-4)          /* the other side, or a policy, said no */
#define JF_UNREACHABLE (-5)      /* no network path */
#define JF_UNAUTHENTICATED (-6)  /* the other side is not who it should be */
#define JF_BAD_CONFIG (-7)       /* the configuration is wrong; the text says where and what would work */
#define JF_BAD_INPUT (-8)        /* bytes from outside, or an argument, are malformed or too large */
#define JF_BUSY (-9)             /* one is running already, or the peer is busy */
#define JF_WOULD_BLOCK (-10)     /* not now; the documented event says when */
#define JF_UNSUPPORTED (-11)     /* this implementation cannot do it */
#define JF_EXHAUSTED (-12)       /* a stated limit (memory, count, rate, descriptors) is reached */
#define JF_CLOSED (-13)          /* it has ended */
#define JF_INTERNAL (-14)        /* a bug or a failing system call; the text says which */

/* Why something failed, for people. Filled by the callee into memory of the caller. */
#define JF_ERROR_TEXT_SIZE 240
typedef struct jf_error {
    uint32_t struct_size;
    jf_status status;
    char text[JF_ERROR_TEXT_SIZE]; /* UTF-8, always terminated, cut if longer */
} jf_error;

/* True if the table (a pointer to a sized struct) is long enough to have the method, and has it. */
#define JF_HAS(table, method)                                                                                          \
    ((size_t)((const char *)(&(table)->method) - (const char *)(table)) + sizeof((table)->method) <=                   \
         (size_t)(table)->struct_size &&                                                                               \
     (table)->method != NULL)

/* Receives a result of unknown size. Called zero or more times, only inside the call it was passed to. */
typedef struct jf_writer {
    void *self;
    void (*write)(void *self, const uint8_t *data, size_t size);
} jf_writer;

/* The end of one asynchronous operation. [control], posted, exactly once. `error` may be NULL; borrowed. */
typedef struct jf_done {
    void *self;
    void (*call)(void *self, jf_status status, const jf_error *error);
} jf_done;

/* Names one running operation of one instance; chosen by the caller, unique while the operation runs. */
typedef uint64_t jf_operation;

/* Structs of this boundary are laid out for LP64; another data model needs its own assertions, written then. */
#if UINTPTR_MAX == 0xffffffffffffffffu
#define JF_ASSERT_SIZE(type, size) JF_STATIC_ASSERT(sizeof(type) == (size), "size of " #type)
#define JF_ASSERT_OFFSET(type, member, offset)                                                                         \
    JF_STATIC_ASSERT(offsetof(type, member) == (offset), "offset of " #type "." #member)
#else
#define JF_ASSERT_SIZE(type, size) JF_STATIC_ASSERT(1, "")
#define JF_ASSERT_OFFSET(type, member, offset) JF_STATIC_ASSERT(1, "")
#endif

JF_ASSERT_SIZE(jf_text, 16);
JF_ASSERT_OFFSET(jf_text, size, 8);
JF_ASSERT_SIZE(jf_bytes, 16);
JF_ASSERT_OFFSET(jf_bytes, size, 8);
JF_ASSERT_SIZE(jf_error, 248);
JF_ASSERT_OFFSET(jf_error, text, 8);
JF_ASSERT_SIZE(jf_writer, 16);
JF_ASSERT_OFFSET(jf_writer, write, 8);
JF_ASSERT_SIZE(jf_done, 16);
JF_ASSERT_OFFSET(jf_done, call, 8);

#ifdef __cplusplus
}
#endif
#endif
