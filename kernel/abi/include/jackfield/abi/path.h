/* jackfield.path/1: the one currency. A pipe to the peer, a stream or datagrams.
 *
 * A path is a view: the object that yields it (an ICE session, a secure session, a channel) owns it, and releasing that
 * object ends it. Layers stack by opening the path below and yielding one above; a stack is taken down from the top.
 *
 *   open -> (received | writable)* -> closed?          close at any time, as often as one likes
 *
 * Receiver calls of one path never overlap each other. They come on the path's own thread, or inside `open` when
 * something had already arrived. A receiver may call `send` of any path; it may neither open, close nor release the path
 * that is calling it, nor anything below that path.
 * Locks: a layer may hold its own lock while it calls `send` of the path below, and must hold none while it calls open,
 * close or a receiver. Receivers are thus called from the bottom up, sends from the top down, and no cycle can form.
 */
#ifndef JACKFIELD_ABI_PATH_H
#define JACKFIELD_ABI_PATH_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_PATH_INTERFACE "jackfield.path/1"

#define JF_STREAM 1   /* ordered bytes; boundaries of send are not kept */
#define JF_DATAGRAM 2 /* boundaries kept; may be lost, doubled, reordered */

/* The most bytes one send may carry on a stream. */
#define JF_STREAM_SEND_MAX 65536

#define JF_ECN_UNKNOWN 0xff

typedef struct jf_packet {
    uint32_t struct_size;
    uint32_t ecn;       /* RFC 3168 codepoint 0..3, or JF_ECN_UNKNOWN */
    jf_bytes bytes;     /* one datagram, or the next piece of the stream; borrowed */
    int64_t arrival_ns; /* jf_host.now_ns when the packet came out of the network, kept through all layers */
} jf_packet;

typedef struct jf_path_info {
    uint32_t struct_size;
    uint32_t kind;               /* JF_STREAM or JF_DATAGRAM */
    uint32_t max_datagram_bytes; /* largest send that is not refused; for streams JF_STREAM_SEND_MAX */
    uint32_t overhead_bytes;     /* what this path and those below add to one send, as far as known */
    uint32_t reliable;           /* 1 if nothing is lost or reordered */
    uint32_t secured;            /* 1 if it, or a path below it, is encrypted and authenticated */
} jf_path_info;

typedef struct jf_path_receiver_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] One packet. For a stream never empty. */
    void (*received)(void *self, const jf_packet *packet);

    /* [media] Once after a send answered JF_WOULD_BLOCK: try again. */
    void (*writable)(void *self);

    /* [media] The path ended by itself; at most once, and last. JF_CLOSED: the peer ended it in order. */
    void (*closed)(void *self, jf_status status, const jf_error *error);
} jf_path_receiver_methods;

typedef struct jf_path_receiver {
    const jf_path_receiver_methods *methods;
    void *self;
} jf_path_receiver;

typedef struct jf_path_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [any] Fills as much of *info as info->struct_size covers. */
    void (*describe)(void *self, jf_path_info *info);

    /* [control] Starts receiving. Once; JF_BUSY the second time. What arrived earlier is delivered first, possibly
     * before open returns. */
    jf_status (*open)(void *self, jf_path_receiver receiver, jf_error *error);

    /* [any] Sends the parts as one unit: all or nothing. Never blocks, keeps no pointer. Several threads may send at
     * once. JF_WOULD_BLOCK: nothing was taken, `writable` follows. JF_BAD_INPUT: larger than the path allows.
     * JF_CLOSED: it has ended. */
    jf_status (*send)(void *self, const jf_bytes *parts, size_t part_count);

    /* [control] Ends the path in order (TLS close_notify, TCP end). Idempotent. The receiver is not called after this
     * returns; a call that is under way on another thread is waited for. */
    void (*close)(void *self);
} jf_path_methods;

typedef struct jf_path {
    const jf_path_methods *methods;
    void *self;
} jf_path;

JF_ASSERT_SIZE(jf_packet, 32);
JF_ASSERT_OFFSET(jf_packet, bytes, 8);
JF_ASSERT_OFFSET(jf_packet, arrival_ns, 24);
JF_ASSERT_SIZE(jf_path_info, 24);
JF_ASSERT_SIZE(jf_path_receiver_methods, 32);
JF_ASSERT_OFFSET(jf_path_receiver_methods, closed, 24);
JF_ASSERT_SIZE(jf_path_receiver, 16);
JF_ASSERT_SIZE(jf_path_methods, 40);
JF_ASSERT_OFFSET(jf_path_methods, describe, 8);
JF_ASSERT_OFFSET(jf_path_methods, close, 32);
JF_ASSERT_SIZE(jf_path, 16);

#ifdef __cplusplus
}
#endif
#endif
