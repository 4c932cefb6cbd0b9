/* jackfield.congestion_control/1: what the peer reports of our packets in, how fast to send out.
 *
 * The kernel opens one controller for each session of a media transport and hands it over; the transport tells it of each
 * packet that leaves, of what the peer reports, and of the time, and asks it how fast each stream shall be. A controller
 * has no thread, no timer and no clock: the same calls give the same answers, in a test as in a call.
 *
 * All [media] functions of one controller come one after the other, though from several threads: the transport sees to that.
 * Rates are in bits a second on the wire, with headers of RTP, UDP and IP. Times are of the host's clock, unless said otherwise.
 */
#ifndef JACKFIELD_ABI_CONGESTION_CONTROL_H
#define JACKFIELD_ABI_CONGESTION_CONTROL_H

#include "frame.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_CONGESTION_CONTROL_INTERFACE "jackfield.congestion_control/1"

/* The most streams of one controller. */
#define JF_RATE_STREAMS_MAX 8

/* What one stream can do with a rate. Within one list the index is the stream's number. */
typedef struct jf_rate_stream {
    uint32_t struct_size;
    uint32_t kind;      /* JF_AUDIO or JF_VIDEO */
    uint32_t min_bps;   /* no target is below it */
    uint32_t max_bps;   /* nor above; 0: the stream sends nothing now */
    uint32_t start_bps; /* a guess for the beginning */
    uint32_t reserved;
} jf_rate_stream;

typedef struct jf_sent_packet {
    uint32_t struct_size;
    uint32_t stream;
    uint64_t number; /* of the transport: the next packet of any stream has the next */
    int64_t sent_ns;
    uint32_t size_bytes; /* on the wire */
    uint32_t reserved;
} jf_sent_packet;

/* What became of one packet. */
typedef struct jf_packet_report {
    uint64_t number;
    int64_t sent_ns;
    int64_t arrival_ns; /* by the peer's clock, of which only differences mean anything; 0 if it was lost */
    uint32_t size_bytes;
    uint8_t received; /* 0: lost */
    uint8_t ecn;      /* RFC 3168 codepoint 0..3, as it arrived */
    uint16_t reserved;
} jf_packet_report;

/* Said once about each packet at most, in the order of their numbers. */
typedef struct jf_rate_feedback {
    uint32_t struct_size;
    uint32_t in_flight_bytes; /* sent, and neither reported nor given up; after these reports */
    int64_t now_ns;
    int64_t round_trip_ns; /* of the newest packet that arrived, without the time the peer kept its report; -1: unknown */
    const jf_packet_report *reports;
    uint64_t report_count;
} jf_rate_feedback;

typedef struct jf_rate_moment {
    uint32_t struct_size;
    uint32_t in_flight_bytes;
    uint32_t queued_bytes; /* wait for their turn in the transport */
    uint32_t reserved;
    int64_t now_ns;          /* never less than before */
    int64_t queued_since_ns; /* the oldest of them; 0 if there is none */
} jf_rate_moment;

typedef struct jf_rate_targets {
    uint32_t struct_size;
    uint32_t stream_count;   /* entries of stream_bps; set by the caller */
    uint32_t *stream_bps;    /* each within min_bps and max_bps of its stream */
    uint32_t pacing_bps;     /* all packets together leave no faster; 0: at once */
    uint32_t window_bytes;   /* more are not in flight, save sound; 0: no limit */
} jf_rate_targets;

typedef struct jf_rate_controller_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] The streams from here on; before anything else. What is known of the path stays. */
    void (*set_streams)(void *self, const jf_rate_stream *streams, size_t stream_count, int64_t now_ns);

    /* [media] A packet leaves. */
    void (*sent)(void *self, const jf_sent_packet *packet);

    /* [media] The peer reported (RFC 8888). What a peer says may be a lie: targets stay within the bounds of streams and
     * configuration whatever comes. */
    void (*feedback)(void *self, const jf_rate_feedback *feedback);

    /* [media] An RTCP report block about a stream (RFC 3550 section 6.4.1): fraction_lost in 1/256. round_trip_ns may be -1.
     * From peers that give no feedback it is all there is. */
    void (*reported)(void *self, uint32_t stream, uint32_t fraction_lost, int64_t round_trip_ns, int64_t now_ns);

    /* [media] Time passes. Answers when to be told again at the latest. */
    int64_t (*tick)(void *self, const jf_rate_moment *moment);

    /* [media] How fast to send now. */
    void (*targets)(void *self, jf_rate_targets *targets);

    /* [control] No other call is under way. */
    void (*release)(void *self);

    /* optional */

    /* [media] What it has found out, one JSON object of numbers and texts, for people: {"state": "increase", ..}. Comes in
     * turn with the others, and may allocate. */
    void (*statistics)(void *self, jf_writer json);
} jf_rate_controller_methods;

typedef struct jf_rate_controller {
    const jf_rate_controller_methods *methods;
    void *self;
} jf_rate_controller;

typedef struct jf_congestion_control_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] A controller for one session of a media transport. */
    jf_status (*open)(void *self, jf_rate_controller *controller, jf_error *error);
} jf_congestion_control_methods;

typedef struct jf_congestion_control {
    const jf_congestion_control_methods *methods;
    void *self;
} jf_congestion_control;

JF_ASSERT_SIZE(jf_rate_stream, 24);
JF_ASSERT_SIZE(jf_sent_packet, 32);
JF_ASSERT_SIZE(jf_packet_report, 32);
JF_ASSERT_OFFSET(jf_packet_report, received, 28);
JF_ASSERT_SIZE(jf_rate_feedback, 40);
JF_ASSERT_SIZE(jf_rate_moment, 32);
JF_ASSERT_SIZE(jf_rate_targets, 24);
JF_ASSERT_SIZE(jf_rate_controller_methods, 72);
JF_ASSERT_SIZE(jf_rate_controller, 16);
JF_ASSERT_SIZE(jf_congestion_control_methods, 16);

#ifdef __cplusplus
}
#endif
#endif
