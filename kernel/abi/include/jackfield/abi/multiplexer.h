/* jackfield.multiplexer/1: one stream path in, many named channels out, each a path of its own.
 *
 *   open -> (channel_requested | pong)* -> closed?       open_channel -> done
 */
#ifndef JACKFIELD_ABI_MULTIPLEXER_H
#define JACKFIELD_ABI_MULTIPLEXER_H

#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_MULTIPLEXER_INTERFACE "jackfield.multiplexer/1"

typedef struct jf_channel_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] The channel's path; lives as long as the channel. */
    jf_path (*path)(void *self);

    /* [control] Closes the path and frees the channel. */
    void (*release)(void *self);
} jf_channel_methods;

typedef struct jf_channel {
    const jf_channel_methods *methods;
    void *self;
} jf_channel;

/* The end of one open_channel. */
typedef struct jf_channel_done {
    void *self;
    /* [control] Posted, exactly once. JF_OK: the channel is the listener's to release, and is used at once. A peer that
     * declines it after that closes its path with JF_REFUSED (JF-MUX-02). JF_REFUSED: the peer has declined already. */
    void (*call)(void *self, jf_status status, jf_channel channel, const jf_error *error);
} jf_channel_done;

typedef struct jf_multiplexer_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] The peer asks for a channel. Answer with accept or decline, now or later. */
    void (*channel_requested)(void *self, uint64_t request, jf_text name, uint32_t kind);

    /* [control] The stream below ended; all channels are closed. */
    void (*closed)(void *self, jf_status status, const jf_error *error);
} jf_multiplexer_listener_methods;

typedef struct jf_multiplexer_listener {
    const jf_multiplexer_listener_methods *methods;
    void *self;
} jf_multiplexer_listener;

typedef struct jf_multiplexer_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Asks the peer for a channel (JF_STREAM, or JF_DATAGRAM where the multiplexer can). */
    void (*open_channel)(void *self, jf_text name, uint32_t kind, jf_channel_done done);

    /* [control] Answers channel_requested. JF_NOT_FOUND if the peer has withdrawn it. */
    jf_status (*accept)(void *self, uint64_t request, jf_channel *channel, jf_error *error);
    void (*decline)(void *self, uint64_t request);

    /* [control] Asks the peer for a sign of life; JF_TIMEOUT if none comes in timeout_ns. */
    void (*ping)(void *self, int64_t timeout_ns, jf_done done);

    /* [control] Closes the path below and frees. Channels are released first. */
    void (*release)(void *self);
} jf_multiplexer_session_methods;

typedef struct jf_multiplexer_session {
    const jf_multiplexer_session_methods *methods;
    void *self;
} jf_multiplexer_session;

typedef struct jf_multiplexer_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens the stream. initiator is 1 on exactly one end. Path and listener stay valid until release. */
    jf_status (*open)(void *self, jf_path below, uint32_t initiator, jf_multiplexer_listener listener,
                      jf_multiplexer_session *session, jf_error *error);
} jf_multiplexer_methods;

typedef struct jf_multiplexer {
    const jf_multiplexer_methods *methods;
    void *self;
} jf_multiplexer;

JF_ASSERT_SIZE(jf_channel_methods, 24);
JF_ASSERT_SIZE(jf_channel, 16);
JF_ASSERT_SIZE(jf_channel_done, 16);
JF_ASSERT_SIZE(jf_multiplexer_listener_methods, 24);
JF_ASSERT_SIZE(jf_multiplexer_listener, 16);
JF_ASSERT_SIZE(jf_multiplexer_session_methods, 48);
JF_ASSERT_OFFSET(jf_multiplexer_session_methods, release, 40);
JF_ASSERT_SIZE(jf_multiplexer_session, 16);
JF_ASSERT_SIZE(jf_multiplexer_methods, 16);
JF_ASSERT_SIZE(jf_multiplexer, 16);

#ifdef __cplusplus
}
#endif
#endif
