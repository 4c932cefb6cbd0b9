/* jackfield.discovery/1: find a peer's devices, tell them we want to talk, hear when they do.
 *
 * How an announcement or a message looks outside, where it is put and how it is sealed belongs to the plugin; the
 * sender of a delivered message has been verified, replays and stale messages have been dropped.
 * A mechanism that only stores bytes derives from the SDK's BulletinBoardDiscovery, which does all of that.
 */
#ifndef JACKFIELD_ABI_DISCOVERY_H
#define JACKFIELD_ABI_DISCOVERY_H

#include "carrier.h"
#include "identity.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_DISCOVERY_INTERFACE "jackfield.discovery/1"

#define JF_CALL_REQUEST 1    /* the caller's first message: please connect */
#define JF_CALL_ANSWER 2     /* the callee's device is there and willing to connect; says nothing about ringing */
#define JF_CALL_CANDIDATES 3 /* more candidates of the sender (trickle, RFC 8838) */
#define JF_CALL_REFUSAL 4    /* the callee's device will not connect; the blob may hold a reason for people */

/* The purposes there are. A JF_CALL_REQUEST with any other is not answered.
 *   "call"     the sender wants a connection, for calls, texts and files. The blob is its descriptions; an answer follows.
 *   "contact"  the sender's account asks to be a contact, or says that it has taken the recipient's for one. The blob is one
 *              JSON object of at most 8192 bytes, no connection is wanted, and nothing is ever answered: whoever asks learns
 *              no more than from a call that nobody answers. */

/* One message between two devices about one connection attempt. All parts borrowed. */
typedef struct jf_call_message {
    uint32_t struct_size;
    uint32_t kind;      /* JF_CALL_REQUEST ... */
    uint64_t call_id;   /* chosen at random by the caller, repeated in everything that belongs to it */
    jf_text purpose;    /* what the connection is for: see above; at most 64 bytes */
    jf_text blob;       /* descriptions of connectivity.h one after the other, or further candidate lines */
    int64_t sent_ms;    /* wall clock of the sender, milliseconds */
} jf_call_message;

#define JF_OFFLINE 1 /* the mechanism cannot be used now; it goes on trying by itself */
#define JF_ONLINE 2

typedef struct jf_discovery_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] A verified message for us. sender->chain_pem is never empty. */
    void (*message)(void *self, const jf_device *sender, const jf_call_message *message);

    /* [control] The mechanism itself went up or down (JF_ONLINE, JF_OFFLINE), with words for people. Once soon after
     * start, then on change. */
    void (*state)(void *self, uint32_t state, jf_text detail);

    /* [control] A device of a watched account came (1) or went (0), was revoked among it. */
    void (*presence)(void *self, const jf_device *device, int32_t present);

    /* optional */

    /* [control] A device that the mechanism carries has written to us for the first time, or again after its link was released. The
     * kernel takes the carrier over and releases it; what has arrived waits in its path. */
    void (*carried)(void *self, const jf_device *sender, jf_carrier carrier);
} jf_discovery_listener_methods;

typedef struct jf_discovery_listener {
    const jf_discovery_listener_methods *methods;
    void *self;
} jf_discovery_listener;

/* Takes the devices that a find brings, as they come, then its end. */
typedef struct jf_find_sink {
    void *self;
    void (*device)(void *self, const jf_device *device);                       /* [control] */
    void (*done)(void *self, jf_status status, const jf_error *error);         /* [control] exactly once, last */
} jf_find_sink;

typedef struct jf_discovery_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens sockets and begins to listen for messages to our device. Once. Being offline is no failure: the
     * status is JF_OK and the listener hears JF_OFFLINE. */
    jf_status (*start)(void *self, jf_discovery_listener listener, jf_error *error);

    /* [control] Makes our device findable and keeps it so until stop. Done when others can find it. */
    void (*announce)(void *self, jf_done done);

    /* [control] Every device of the account, each as soon as it is known and only once. JF_NOT_FOUND at the end if
     * there was none. */
    void (*find)(void *self, jf_operation operation, jf_text account_id, jf_find_sink sink);

    /* [control] Delivers the message to a device; done when the mechanism has taken it, which is not yet a receipt.
     * The recipient's chain may be empty if the plugin itself found the device before. JF_BAD_INPUT if too large. */
    void (*send)(void *self, jf_operation operation, const jf_device *recipient, const jf_call_message *message,
                 jf_done done);

    /* [control] Ends the find or send early: its end is posted with JF_CANCELLED. Nothing if it is over. */
    void (*cancel)(void *self, jf_operation operation);

    /* [control] Presence events for an account, until unwatch. */
    void (*watch)(void *self, jf_text account_id);
    void (*unwatch)(void *self, jf_text account_id);

    /* [control] Withdraws the announcement as far as that is possible at once, and closes the sockets. Done posted. */
    void (*stop)(void *self, jf_done done);

    /* optional */

    /* [control] The network changed (an interface came or went): look again at once. */
    void (*network_changed)(void *self);

    /* [any] What one would tell a person or another node about this end, as one JSON object; for example
     * {"listening": "127.0.0.1:4222", "nodes": 12}. */
    jf_status (*describe)(void *self, jf_writer json, jf_error *error);

    /* [control] A link to the device that the mechanism carries itself (carrier.h); no request is sent then. JF_UNSUPPORTED for a
     * device that is reached by `send`. One at a time for each device: JF_BUSY while there is one. */
    jf_status (*carry)(void *self, const jf_device *device, jf_carrier *carrier, jf_error *error);
} jf_discovery_methods;

typedef struct jf_discovery {
    const jf_discovery_methods *methods;
    void *self;
} jf_discovery;

JF_ASSERT_SIZE(jf_call_message, 56);
JF_ASSERT_OFFSET(jf_call_message, call_id, 8);
JF_ASSERT_OFFSET(jf_call_message, sent_ms, 48);
JF_ASSERT_SIZE(jf_discovery_listener_methods, 40);
JF_ASSERT_OFFSET(jf_discovery_listener_methods, carried, 32);
JF_ASSERT_SIZE(jf_discovery_listener, 16);
JF_ASSERT_SIZE(jf_find_sink, 24);
JF_ASSERT_SIZE(jf_discovery_methods, 96);
JF_ASSERT_OFFSET(jf_discovery_methods, start, 8);
JF_ASSERT_OFFSET(jf_discovery_methods, carry, 88);
JF_ASSERT_SIZE(jf_discovery, 16);

#ifdef __cplusplus
}
#endif
#endif
