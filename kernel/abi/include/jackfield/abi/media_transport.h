/* jackfield.media_transport/1: encoded payloads in, RTP packets out, and back (RFC 3550, RFC 3711).
 *
 * A session owns the transport of one call: one stream per m-line, numbered from 0 in the order of the session's
 * configuration. It has no thread of its own: packets come in on the threads of its paths, and the kernel's media
 * threads send, take and tick. Those may run at the same time; the session keeps them apart with short locks.
 *
 * Session configuration, one JSON object (media-session.schema.json):
 *   {"cname": "..",
 *    "streams": [{"kind": "audio", "payload_type": 111, "clock_rate_hz": 48000, "ssrc": 4711,
 *                 "direction": "sendrecv", "rtp_path": 0, "rtcp_path": 0, "feedback": ["nack pli"],
 *                 "event_payload_type": 101,
 *                 "send_key": {"suite": "AEAD_AES_128_GCM", "key": "<base64>"}, "receive_key": {..}}]}
 * cname is one for all streams, which belong to one sender (RFC 3550 section 6.5.1); a random one if it is missing.
 * A stream of a transport whose keys come of a DTLS handshake on the path (RFC 5764) has, in place of the two keys,
 *   "fingerprint": "sha-256 AB:CD:..", the peer's, and "dtls_role": "client" or "server"
 * "bitrate": {"min_bps": .., "max_bps": .., "start_bps": ..} says what the stream's encoder can do, for control_rate;
 * "repair": {"payload_type": 97, "ssrc": 4712, "remote_ssrc": 4713} that lost packets are sent again (RFC 4588).
 * rtp_path and rtcp_path are indexes into the paths given to open; equal ones mean RTP and RTCP share a path (RFC 5761).
 */
#ifndef JACKFIELD_ABI_MEDIA_TRANSPORT_H
#define JACKFIELD_ABI_MEDIA_TRANSPORT_H

#include "congestion_control.h"
#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_MEDIA_TRANSPORT_INTERFACE "jackfield.media_transport/1"

/* One RTP payload: what a codec makes and takes. */
typedef struct jf_payload {
    uint32_t struct_size;
    uint32_t rtp_timestamp;  /* in units of the clock rate; sending: counted from any start, the session adds its own */
    jf_bytes bytes;          /* without the RTP header; borrowed */
    uint8_t marker;          /* RFC 3550 section 5.1: talk spurt begins, picture ends */
    uint8_t payload_type;    /* received one; sending: event_payload_type of the stream for a telephone event (RFC 4733), anything
                                else is sent with the stream's payload_type */
    uint16_t lost_before;    /* receiving: packets missing right before this one */
    uint32_t reserved;
    int64_t time_ns;         /* sending: capture time; receiving: when to play it. Host clock */
} jf_payload;

typedef struct jf_media_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] On a path's thread: the stream has something to take, or wants to be asked sooner than its last take said.
     * Must only wake another thread. */
    void (*arrived)(void *self, uint32_t stream);

    /* [media] The peer lost pictures and asks for a key frame (RFC 4585 PLI, RFC 5104 FIR). */
    void (*key_frame_requested)(void *self, uint32_t stream);

    /* [control] A path ended; with JF_OK, the peer said goodbye (RTCP BYE). */
    void (*ended)(void *self, jf_status status, const jf_error *error);

    /* optional */

    /* [media] The peer reported how many of a hundred of our packets it lost since its report before (RFC 3550 section
     * 6.4.1), rounded up. */
    void (*loss_reported)(void *self, uint32_t stream, uint32_t percent);

    /* [media] After control_rate: what the stream's encoder is to make, in bits of payload a second. */
    void (*target_rate)(void *self, uint32_t stream, uint32_t bits_per_second);

    /* [media] The session wants tick to be called now, sooner than it said. Must only wake another thread. Without it packets
     * of pictures leave at once, whatever a controller says. */
    void (*tick_due)(void *self);
} jf_media_listener_methods;

typedef struct jf_media_listener {
    const jf_media_listener_methods *methods;
    void *self;
} jf_media_listener;

typedef struct jf_media_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] Sends one payload. JF_WOULD_BLOCK: the path is full, the payload was dropped and counted. */
    jf_status (*send)(void *self, uint32_t stream, const jf_payload *payload);

    /* [media] The next payload in play-out order, to be decoded now and played at its time_ns, which may lie ahead. JF_OK:
     * *payload is filled and its bytes are valid until the next take of that stream. JF_WOULD_BLOCK: there is none, or what
     * is missing before it may still come; *next_due_ns says when to ask again (INT64_MAX: when `arrived`). */
    jf_status (*take)(void *self, uint32_t stream, int64_t now_ns, jf_payload *payload, int64_t *next_due_ns);

    /* [media] Sends the RTCP reports that are due; returns when to be called again. One caller. */
    int64_t (*tick)(void *self, int64_t now_ns);

    /* [any] Asks the peer for a key frame, at most as often as RFC 4585 allows. */
    void (*request_key_frame)(void *self, uint32_t stream);

    /* [any] Counters since the start, one JSON object (media-statistics.schema.json). */
    jf_status (*statistics)(void *self, jf_writer json, jf_error *error);

    /* [control] Says goodbye (RTCP BYE), closes the paths and frees. The kernel's media threads have stopped before. */
    void (*release)(void *self);

    /* optional */

    /* [control] The streams are others from here on, while media threads go on. config_json is as in open, with all streams
     * in their places. One that has the SSRC it had goes on without a gap, in whichever direction is now said: sequence
     * numbers, keys and counters stay. One with another SSRC takes the place of the one before, which says goodbye; one that
     * is "ended" says goodbye and keeps its place. New ones stand behind. `paths` are those of before in their order, with new ones
     * behind, which are opened. JF_BAD_INPUT, and nothing has changed, for fewer streams or paths, or if a stream with the same
     * SSRC has another kind, key, clock rate or path. */
    jf_status (*change)(void *self, jf_text config_json, const jf_path *paths, size_t path_count, jf_error *error);

    /* [control] From here on the controller says how fast the streams send: it is told of each packet and of what the peer
     * reports, and pacing and target_rate follow it. Once, before the first send; it stays valid until release. */
    void (*control_rate)(void *self, jf_rate_controller controller);
} jf_media_session_methods;

typedef struct jf_media_session {
    const jf_media_session_methods *methods;
    void *self;
} jf_media_session;

typedef struct jf_media_transport_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [any] What this transport can do, one JSON object: {"profile": "RTP/SAVP", "suites": ["AEAD_AES_128_GCM", ..],
     * "feedback": ["nack pli"], "telephone_events": true}; suites in order of preference, empty if it needs no keys. One whose
     * keys come of a DTLS handshake says "dtls": true and the "fingerprint" of its certificate, "sha-256 AB:CD:..". */
    jf_status (*capabilities)(void *self, jf_writer json, jf_error *error);

    /* [any] A fresh key for one suite, base64 as in RFC 4568 section 6.1. */
    jf_status (*make_key)(void *self, jf_text suite, jf_writer base64, jf_error *error);

    /* [control] Opens the paths and is ready to send and receive. Paths and listener stay valid until release. */
    jf_status (*open)(void *self, jf_text config_json, const jf_path *paths, size_t path_count,
                      jf_media_listener listener, jf_media_session *session, jf_error *error);
} jf_media_transport_methods;

typedef struct jf_media_transport {
    const jf_media_transport_methods *methods;
    void *self;
} jf_media_transport;

JF_ASSERT_SIZE(jf_payload, 40);
JF_ASSERT_OFFSET(jf_payload, bytes, 8);
JF_ASSERT_OFFSET(jf_payload, lost_before, 26);
JF_ASSERT_OFFSET(jf_payload, time_ns, 32);
JF_ASSERT_SIZE(jf_media_listener_methods, 56);
JF_ASSERT_SIZE(jf_media_listener, 16);
JF_ASSERT_SIZE(jf_media_session_methods, 72);
JF_ASSERT_OFFSET(jf_media_session_methods, release, 48);
JF_ASSERT_SIZE(jf_media_session, 16);
JF_ASSERT_SIZE(jf_media_transport_methods, 32);
JF_ASSERT_SIZE(jf_media_transport, 16);

#ifdef __cplusplus
}
#endif
#endif
