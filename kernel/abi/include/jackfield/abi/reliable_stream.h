/* jackfield.reliable_stream/1: a datagram path in, an ordered reliable stream path out (SCTP, RFC 9260, over DTLS).
 *
 *   open -> established | failed          the stream ends with its own `closed` event
 */
#ifndef JACKFIELD_ABI_RELIABLE_STREAM_H
#define JACKFIELD_ABI_RELIABLE_STREAM_H

#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_RELIABLE_STREAM_INTERFACE "jackfield.reliable_stream/1"

typedef struct jf_reliable_options {
    uint32_t struct_size;
    uint32_t initiator; /* 1 on exactly one end: the one that is TLS client below */
} jf_reliable_options;

typedef struct jf_reliable_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] The stream carries data both ways; it lives as long as the session. */
    void (*established)(void *self, jf_path stream);

    /* [control] No stream will come. */
    void (*failed)(void *self, jf_status status, const jf_error *error);
} jf_reliable_listener_methods;

typedef struct jf_reliable_listener {
    const jf_reliable_listener_methods *methods;
    void *self;
} jf_reliable_listener;

typedef struct jf_reliable_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Closes both paths and frees. No event comes afterwards. */
    void (*release)(void *self);
} jf_reliable_session_methods;

typedef struct jf_reliable_session {
    const jf_reliable_session_methods *methods;
    void *self;
} jf_reliable_session;

typedef struct jf_reliable_stream_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens the datagram path and connects over it. Path and listener stay valid until release. */
    jf_status (*open)(void *self, jf_path below, const jf_reliable_options *options, jf_reliable_listener listener,
                      jf_reliable_session *session, jf_error *error);
} jf_reliable_stream_methods;

typedef struct jf_reliable_stream {
    const jf_reliable_stream_methods *methods;
    void *self;
} jf_reliable_stream;

JF_ASSERT_SIZE(jf_reliable_options, 8);
JF_ASSERT_SIZE(jf_reliable_listener_methods, 24);
JF_ASSERT_SIZE(jf_reliable_listener, 16);
JF_ASSERT_SIZE(jf_reliable_session_methods, 16);
JF_ASSERT_SIZE(jf_reliable_session, 16);
JF_ASSERT_SIZE(jf_reliable_stream_methods, 16);
JF_ASSERT_SIZE(jf_reliable_stream, 16);

#ifdef __cplusplus
}
#endif
#endif
