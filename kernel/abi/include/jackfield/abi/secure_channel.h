/* jackfield.secure_channel/1: a path in, an encrypted path to the proven peer out (TLS, DTLS, Noise, QUIC).
 *
 *   open -> secured | failed          the secured path ends with its own `closed` event
 *
 * The kernel releases whatever it stacked upon the secured path first, then the session, then the path below.
 */
#ifndef JACKFIELD_ABI_SECURE_CHANNEL_H
#define JACKFIELD_ABI_SECURE_CHANNEL_H

#include "identity.h"
#include "multiplexer.h"
#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_SECURE_CHANNEL_INTERFACE "jackfield.secure_channel/1"

#define JF_TLS_CLIENT 1 /* speaks first */
#define JF_TLS_SERVER 2

typedef struct jf_secure_options {
    uint32_t struct_size;
    uint32_t role;             /* JF_TLS_CLIENT or JF_TLS_SERVER */
    const jf_device *expected; /* who must be at the other end; an empty device_id allows any device of the account */
} jf_secure_options;

/* What was agreed. All parts borrowed. */
typedef struct jf_secure_info {
    uint32_t struct_size;
    uint32_t reserved;
    jf_text protocol;   /* for example "TLS 1.3" */
    jf_text cipher;     /* IANA name, for example "TLS_AES_128_GCM_SHA256" */
    jf_text group;      /* key agreement, for example "X25519"; empty if unknown */
    jf_device peer;     /* proven: account, device, chain; all empty if this channel proves nobody, which the kernel
                         * refuses unless its configuration allows it */
} jf_secure_info;

typedef struct jf_secure_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] The handshake is done and the peer is who it should be. The path is of the same kind as the one below
     * and lives as long as the session. What the peer has already sent waits until the path is opened. */
    void (*secured)(void *self, jf_path path, const jf_secure_info *info);

    /* [control] No secured path will come. JF_UNAUTHENTICATED: the wrong peer, or a bad certificate; the text says
     * which. JF_REFUSED: the peer refused us. */
    void (*failed)(void *self, jf_status status, const jf_error *error);
} jf_secure_listener_methods;

typedef struct jf_secure_listener {
    const jf_secure_listener_methods *methods;
    void *self;
} jf_secure_listener;

typedef struct jf_secure_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Key material bound to this channel (RFC 5705). JF_WOULD_BLOCK before it is secured, JF_UNSUPPORTED from a
     * channel without keys. */
    jf_status (*export_key_material)(void *self, jf_text label, jf_bytes context, size_t size, jf_writer out,
                                     jf_error *error);

    /* [control] Closes both paths and frees. No event comes afterwards. */
    void (*release)(void *self);

    /* optional */

    /* [control] For a plugin that is a multiplexer as well (QUIC): the session of multiplexer.h that rides on this
     * channel. The kernel then asks for no other multiplexer and does not open the secured path. It lives as long as
     * the secure session; its own release does nothing. */
    jf_status (*multiplexer)(void *self, jf_multiplexer_listener listener, jf_multiplexer_session *session,
                             jf_error *error);
} jf_secure_session_methods;

typedef struct jf_secure_session {
    const jf_secure_session_methods *methods;
    void *self;
} jf_secure_session;

typedef struct jf_secure_channel_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens the path below and begins the handshake. The path and the listener stay valid until the session
     * is released. JF_UNSUPPORTED if this kind of path cannot be secured by this plugin. */
    jf_status (*open)(void *self, jf_path below, const jf_secure_options *options, jf_secure_listener listener,
                      jf_secure_session *session, jf_error *error);
} jf_secure_channel_methods;

typedef struct jf_secure_channel {
    const jf_secure_channel_methods *methods;
    void *self;
} jf_secure_channel;

JF_ASSERT_SIZE(jf_secure_options, 16);
JF_ASSERT_SIZE(jf_secure_info, 112);
JF_ASSERT_OFFSET(jf_secure_info, peer, 56);
JF_ASSERT_SIZE(jf_secure_listener_methods, 24);
JF_ASSERT_SIZE(jf_secure_listener, 16);
JF_ASSERT_SIZE(jf_secure_session_methods, 32);
JF_ASSERT_OFFSET(jf_secure_session_methods, multiplexer, 24);
JF_ASSERT_SIZE(jf_secure_session, 16);
JF_ASSERT_SIZE(jf_secure_channel_methods, 16);
JF_ASSERT_SIZE(jf_secure_channel, 16);

#ifdef __cplusplus
}
#endif
#endif
