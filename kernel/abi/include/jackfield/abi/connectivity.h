/* jackfield.connectivity/1: from two descriptions to paths (ICE, RFC 8445 and RFC 6544, or anything that does that job).
 *
 * A description is text, the same inside a call message and on its way to signaling:
 *     <ufrag> LF <pwd> LF ( <candidate> LF )*
 * where <candidate> is the candidate-attribute of RFC 8839 section 5.1 without "candidate:", with its components
 * numbered from 1. A plugin that needs no credentials writes random ones.
 *
 * A peer that does no ICE (RFC 8839 section 4.2.6, a plain telephone) has a description with "-" for ufrag and pwd, and its one
 * address for each component as a host candidate; 0.0.0.0 if it has none yet. Then there are no checks and no greetings: each
 * component is ready as soon as it has a socket, sends there, and takes what comes from there. It may also sit behind a NAT (RFC
 * 4961), while everybody who guesses a port could want its media; so, for each component:
 *   - the first packet may come from elsewhere, if its first byte is one of RTP, RTCP, DTLS or STUN (RFC 7983); what we send goes
 *     there from then on, and packets from anywhere else are nobody's;
 *   - but a packet from the address of the description takes that place back, and then nothing moves any more.
 * A second set_remote of this form moves the components whose address has changed to the new one, with the same rule anew; packets
 * still on their way from the old one move nothing. Components whose address is unchanged, or not named, stay where they are. Local
 * candidates stay what they were, so that later descriptions can name them.
 *
 *   open -> gather -> local_candidate* -> gathered            set_remote, add_remote_candidate*, end_of_candidates
 *        -> component_ready (one per component) -> connected  or failed, at any time, which ends the session
 */
#ifndef JACKFIELD_ABI_CONNECTIVITY_H
#define JACKFIELD_ABI_CONNECTIVITY_H

#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_CONNECTIVITY_INTERFACE "jackfield.connectivity/1"

#define JF_CONTROLLING 1 /* RFC 8445 section 6.1.1 */
#define JF_CONTROLLED 2

/* What may go along with the first checks: datagrams of one component, and places that they go to. */
#define JF_EARLY_DATAGRAMS 4
#define JF_EARLY_PLACES 6

typedef struct jf_connectivity_options {
    uint32_t struct_size;
    uint32_t role;            /* JF_CONTROLLING or JF_CONTROLLED */
    uint32_t kind;            /* JF_STREAM: ICE over TCP; JF_DATAGRAM: ICE over UDP. Paths have this kind */
    uint32_t component_count; /* 1..4 */
    jf_text label;            /* for logs: "control-udp", "media" */
} jf_connectivity_options;

/* Which way a path of a component goes. All parts borrowed. */
typedef struct jf_selected_pair {
    uint32_t struct_size;
    uint32_t component;
    jf_text local_candidate;  /* RFC 8839 form */
    jf_text remote_candidate;
    uint32_t relayed;         /* 1 if either side is a relay candidate */
    uint32_t reserved;
    int64_t round_trip_ns;    /* of the last check, 0 if unknown */
} jf_selected_pair;

typedef struct jf_connectivity_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] A local candidate that was not in the description yet. */
    void (*local_candidate)(void *self, jf_text candidate);

    /* [control] No more local candidates will come (RFC 8838 end-of-candidates). Once per gather. */
    void (*gathered)(void *self);

    /* [control] The component can carry data both ways. The path lives as long as the session; after a restart the
     * same path goes on over the new pair. */
    void (*component_ready)(void *self, uint32_t component, jf_path path);

    /* [control] The pair of a component was chosen or has changed. */
    void (*pair_selected)(void *self, const jf_selected_pair *pair);

    /* [control] The session cannot connect, or is connected no more (consent lost, RFC 7675). The text says what was
     * tried. `restart` may revive it. */
    void (*failed)(void *self, jf_status status, const jf_error *error);
    /* optional */
    /* [control] Whoever collects local candidates for a description has those worth waiting for: what comes
     * from here on to `gathered` may take long, a router that is asked for a port, for one, and is trickled. At most
     * once per gather, and not after gathered, which says the same. */
    void (*enough)(void *self);
} jf_connectivity_listener_methods;

typedef struct jf_connectivity_listener {
    const jf_connectivity_listener_methods *methods;
    void *self;
} jf_connectivity_listener;

typedef struct jf_connectivity_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Begins to gather. Afterwards local_description holds at least the credentials, and the host candidates
     * of this machine as far as they are known at once; others follow as local_candidate events. */
    jf_status (*gather)(void *self, jf_error *error);

    /* [control] The description as it is now. */
    jf_status (*local_description)(void *self, jf_writer text, jf_error *error);

    /* [control] The peer's description; checks begin. Lines that cannot be used are skipped and logged; JF_BAD_INPUT if
     * the credentials are missing or malformed; JF_UNSUPPORTED if the peer does no ICE and this plugin, or this kind of path, cannot do
     * without. Candidates of components we do not have are ignored; components the peer has no candidates for stay silent and hold
     * nobody up. */
    jf_status (*set_remote)(void *self, jf_text description, jf_error *error);

    /* [control] One more candidate of the peer. */
    jf_status (*add_remote_candidate)(void *self, jf_text candidate, jf_error *error);

    /* [control] The peer will send no more candidates. */
    void (*end_of_candidates)(void *self);

    /* [control] New credentials and candidates (RFC 8445 section 9); the paths stay. Ends like gather. */
    jf_status (*restart)(void *self, jf_error *error);

    /* [control] Closes the paths, says goodbye to relays, frees. No event comes afterwards. */
    void (*release)(void *self);

    /* optional */

    /* [control] Which pairs of candidates were tried since the last gather or restart, and how that went, as one JSON
     * object (schemas/tried-pairs.schema.json) of at most 200 rows, the most telling first. At any time until release,
     * after `failed` too. It says what is known for certain and nothing else. JF_UNSUPPORTED: that is nothing. */
    jf_status (*tried)(void *self, jf_writer json, jf_error *error);

    /* [control] The first datagrams of a component go along with its first checks, before it is ready. The controlled side's path
     * opens half a round trip before that of the controlling side, which is what this is for. After set_remote; at most
     * JF_EARLY_DATAGRAMS in all for a component, or JF_EXHAUSTED; JF_BAD_INPUT if one is larger than the path allows. They are
     * copied, and go, each behind a check, to at most JF_EARLY_PLACES candidates of the peer, later ones included, until the
     * component is ready; whether one arrives nobody is told. *path is filled as the component's path will describe itself; with a
     * count of 0 that is all. JF_UNSUPPORTED: nothing can go early here. */
    jf_status (*send_early)(void *self, uint32_t component, const jf_bytes *datagrams, size_t datagram_count, jf_path_info *path,
                            jf_error *error);
} jf_connectivity_session_methods;

typedef struct jf_connectivity_session {
    const jf_connectivity_session_methods *methods;
    void *self;
} jf_connectivity_session;

typedef struct jf_connectivity_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] A new session; does nothing until gather. The listener stays valid until the session is released. */
    jf_status (*open)(void *self, const jf_connectivity_options *options, jf_connectivity_listener listener,
                      jf_connectivity_session *session, jf_error *error);

    /* optional */

    /* [control] The network changed: look at the interfaces again before the next gather. */
    void (*network_changed)(void *self);
} jf_connectivity_methods;

typedef struct jf_connectivity {
    const jf_connectivity_methods *methods;
    void *self;
} jf_connectivity;

JF_ASSERT_SIZE(jf_connectivity_options, 32);
JF_ASSERT_OFFSET(jf_connectivity_options, label, 16);
JF_ASSERT_SIZE(jf_selected_pair, 56);
JF_ASSERT_OFFSET(jf_selected_pair, round_trip_ns, 48);
JF_ASSERT_SIZE(jf_connectivity_listener_methods, 56);
JF_ASSERT_OFFSET(jf_connectivity_listener_methods, enough, 48);
JF_ASSERT_SIZE(jf_connectivity_listener, 16);
JF_ASSERT_SIZE(jf_connectivity_session_methods, 80);
JF_ASSERT_OFFSET(jf_connectivity_session_methods, release, 56);
JF_ASSERT_OFFSET(jf_connectivity_session_methods, tried, 64);
JF_ASSERT_OFFSET(jf_connectivity_session_methods, send_early, 72);
JF_ASSERT_SIZE(jf_connectivity_session, 16);
JF_ASSERT_SIZE(jf_connectivity_methods, 24);
JF_ASSERT_SIZE(jf_connectivity, 16);

#ifdef __cplusplus
}
#endif
#endif
