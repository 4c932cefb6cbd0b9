/* jackfield.control/1: a door for other programs (HTTP, WebSocket, Unix socket, D-Bus) to the kernel's JSON-RPC 2.0.
 *
 * The plugin is only the door: it carries requests to the kernel's dispatcher and carries answers and events back.
 */
#ifndef JACKFIELD_ABI_CONTROL_H
#define JACKFIELD_ABI_CONTROL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_CONTROL_INTERFACE "jackfield.control/1"

/* Takes one JSON-RPC answer. */
typedef struct jf_control_reply {
    void *self;
    void (*call)(void *self, jf_text response_json); /* [control] exactly once; empty for a notification */
} jf_control_reply;

/* The kernel's side. Valid from start until stop is done. */
typedef struct jf_control_dispatcher_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Handles one JSON-RPC 2.0 request or batch of client `client` (any number the plugin likes). */
    void (*request)(void *self, uint64_t client, jf_text request_json, jf_control_reply reply);

    /* [control] The client is gone; its subscriptions end. */
    void (*client_gone)(void *self, uint64_t client);
} jf_control_dispatcher_methods;

typedef struct jf_control_dispatcher {
    const jf_control_dispatcher_methods *methods;
    void *self;
} jf_control_dispatcher;

typedef struct jf_control_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens the door. */
    jf_status (*start)(void *self, jf_control_dispatcher dispatcher, jf_error *error);

    /* [control] An event (a JSON-RPC notification) for one client. */
    void (*notify)(void *self, uint64_t client, jf_text notification_json);

    /* [control] Closes the door and all clients. Done posted. */
    void (*stop)(void *self, jf_done done);
} jf_control_methods;

typedef struct jf_control {
    const jf_control_methods *methods;
    void *self;
} jf_control;

JF_ASSERT_SIZE(jf_control_reply, 16);
JF_ASSERT_SIZE(jf_control_dispatcher_methods, 24);
JF_ASSERT_SIZE(jf_control_dispatcher, 16);
JF_ASSERT_SIZE(jf_control_methods, 32);
JF_ASSERT_SIZE(jf_control, 16);

#ifdef __cplusplus
}
#endif
#endif
