/* jackfield.signaling/1: invite, ring, answer, refuse, cancel, update, bye, and what is said beside the call.
 *
 * A session lives on one stream path to one peer device, or on the path of a carrier (carrier.h), and has any number of calls, in
 * both directions. A call is named by a number: the caller's kernel picks an even one, the plugin picks odd ones for calls that come
 * in.
 * Media descriptions are JSON (media-description.schema.json) and follow offer/answer (RFC 3264).
 *
 *   out: invite -> ringing* -> answered | refused | failed       then update*, bye | ended
 *   in:  invited -> ring, then answer | refuse | cancelled       then updated*, bye | ended
 *
 * A call that runs outlives its stream, as a dialog of SIP does, if the plugin can do that: a session whose stream ends says
 * `stranded` of each such call before `closed`, and keeps it until it is released. Another session with the same device may take it over:
 * this end's by take_over, the peer's by saying something in that call there, whereupon taken_over comes. Either may also happen while
 * the first stream still stands.
 *
 * In a running call either end may ask the other to call somebody else (transfer, RFC 3515):
 *
 *   who asks:     refer -> done, then refer_progressed*          the call itself goes on until somebody says bye
 *   who is asked: referred -> refer_progress*
 *
 * The call that follows may take the place of one that somebody else has there already (attended transfer, RFC 3891). Whoever has
 * that call gets its name from name_dialog and gives it to refer; it comes with referred, goes out with invite_referred, and where it
 * comes in with invited_referred match_dialog says of which call it is the name.
 */
#ifndef JACKFIELD_ABI_SIGNALING_H
#define JACKFIELD_ABI_SIGNALING_H

#include "carrier.h"
#include "identity.h"
#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_SIGNALING_INTERFACE "jackfield.signaling/1"

/* Why a call was refused or ended. */
#define JF_REASON_NORMAL 0         /* hung up */
#define JF_REASON_DECLINED 1       /* a person said no */
#define JF_REASON_BUSY 2
#define JF_REASON_NO_ANSWER 3      /* it rang, nobody came */
#define JF_REASON_CANCELLED 4      /* the caller gave up */
#define JF_REASON_ELSEWHERE 5      /* another device took it */
#define JF_REASON_NOT_ACCEPTABLE 6 /* no common codec, encryption or path */
#define JF_REASON_FAILED 7         /* something broke; see the text */
#define JF_REASON_NO_SUCH_CALL 8   /* it was to take the place of a call that is not there */

typedef struct jf_signaling_options {
    uint32_t struct_size;
    uint32_t initiator;      /* 1 on the end that opened the connection, 0 on the other */
    const jf_device *local;  /* who we are */
    const jf_device *remote; /* who is there, proven by the secure channel */
    jf_text local_name;      /* display name, may be empty */
    const jf_carrier *carrier; /* who carries the link; null if it is ours. Stays valid until the session is released */
} jf_signaling_options;

/* What a call has to do with others. Either text may be empty. */
typedef struct jf_referral {
    uint32_t struct_size;
    uint32_t reserved;
    jf_text referred_by; /* who is said to want the call: an account, or a URI. Nothing proves it (RFC 3892) */
    jf_text replaces;    /* the name of a call of whoever is called, whose place this one takes (RFC 3891) */
} jf_referral;

typedef struct jf_signaling_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] A call comes in, with the caller's offer. */
    void (*invited)(void *self, uint64_t call, jf_text offer_json, jf_text display_name);

    /* [control] The peer is alerted. answer_json is its media description if it sent one early, else empty. */
    void (*ringing)(void *self, uint64_t call, jf_text answer_json);

    /* [control] The peer took our call. */
    void (*answered)(void *self, uint64_t call, jf_text answer_json);

    /* [control] The peer knows that we took its call (the ACK of RFC 3261). */
    void (*confirmed)(void *self, uint64_t call);

    /* [control] Our call was refused, or could not be placed. code is the wire's own number (SIP status), 0 if none. */
    void (*refused)(void *self, uint64_t call, uint32_t reason, uint32_t code, jf_text text);

    /* [control] The caller gave up before we answered. */
    void (*cancelled)(void *self, uint64_t call, uint32_t reason);

    /* [control] The peer offers new media in a running call; answer with answer_update. */
    void (*updated)(void *self, uint64_t call, jf_text offer_json);

    /* [control] The answer to our update; an empty text if the peer refused and all stays as it was. Empty also if it
     * had to wait for an offer of the peer (RFC 3261 section 14.1) and that was accepted: it was made for what the call
     * was before. */
    void (*update_answered)(void *self, uint64_t call, jf_text answer_json);

    /* [control] The peer hung up, or the call broke. */
    void (*ended)(void *self, uint64_t call, uint32_t reason, jf_text text);

    /* [control] Text, a profile card, anything with a media type; call is 0 outside a call. Return JF_OK if it is
     * taken, JF_UNSUPPORTED or another status if the sender shall hear that it was not. */
    jf_status (*message)(void *self, uint64_t call, jf_text content_type, jf_bytes body);

    /* [control] Like message, about the call itself (SIP INFO): camera rotation, key-frame request, digits. */
    jf_status (*info)(void *self, uint64_t call, jf_text content_type, jf_bytes body);

    /* [control] The stream ended or its peer broke the protocol; all calls are over but those said to be stranded. Last event. */
    void (*closed)(void *self, jf_status status, const jf_error *error);

    /* optional */

    /* [control] The peer of a running call wants us to call somebody else: an account, or a URI; invite_referred takes the referral
     * there. refer_progress answers; a refusal is a code of 300 or more. No further one of this call comes before that has said how
     * it ended. Who has no such method refuses. */
    void (*referred)(void *self, uint64_t call, jf_text target, const jf_referral *referral);

    /* [control] What has become of the call that the peer was asked for, as a SIP status (RFC 3261 section 21): up to 199 it goes on,
     * and 200 or more is how it ended, the last word of this. 0, also the last: the peer says no more of it. */
    void (*refer_progressed)(void *self, uint64_t call, uint32_t code, jf_text text);

    /* [control] In place of `invited`, where somebody else has wanted the call. If it replaces one, answer it without ringing and then
     * end that one; if there is none (match_dialog), refuse it with JF_REASON_NO_SUCH_CALL. Of who has no such method calls that only
     * say who wanted them come in by `invited`, and others not at all. */
    void (*invited_referred)(void *self, uint64_t call, jf_text offer_json, jf_text display_name, const jf_referral *referral);

    /* [control] The stream has ended, and this call, which runs, is not over. Before `closed`. Nothing can be said in it here any more. */
    void (*stranded)(void *self, uint64_t call);

    /* [control] The peer goes on here with a call that ran in another session with it. `from` is the self of that session's listener,
     * from_call its number there, where no further event of it comes; here it is `call`, odd and new. Offers that were open in it, and
     * wishes to call somebody else, have come to nothing. */
    void (*taken_over)(void *self, uint64_t call, void *from, uint64_t from_call);
} jf_signaling_listener_methods;

typedef struct jf_signaling_listener {
    const jf_signaling_listener_methods *methods;
    void *self;
} jf_signaling_listener;

typedef struct jf_signaling_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Places a call; `call` is even and new in this session. */
    jf_status (*invite)(void *self, uint64_t call, jf_text offer_json, jf_error *error);

    /* [control] Alerting has begun here. answer_json may already say how media will flow, or be empty. */
    jf_status (*ring)(void *self, uint64_t call, jf_text answer_json, jf_error *error);

    /* [control] Takes the call. If ring carried an answer, this one is the same. */
    jf_status (*answer)(void *self, uint64_t call, jf_text answer_json, jf_error *error);

    /* [control] Refuses the call, with one of JF_REASON_DECLINED, _BUSY, _NO_ANSWER, _NOT_ACCEPTABLE, _FAILED, _NO_SUCH_CALL. */
    jf_status (*refuse)(void *self, uint64_t call, uint32_t reason, jf_error *error);

    /* [control] Gives up our own call before it is answered. `refused` with JF_REASON_CANCELLED follows. If the answer
     * crosses it on the way, the call is ended as by bye. */
    jf_status (*cancel)(void *self, uint64_t call, uint32_t reason, jf_error *error);

    /* [control] Offers new media in a running call. JF_BUSY while another offer is open (RFC 3261 section 14.1). */
    jf_status (*update)(void *self, uint64_t call, jf_text offer_json, jf_error *error);

    /* [control] Answers `updated`; an empty answer refuses. */
    jf_status (*answer_update)(void *self, uint64_t call, jf_text answer_json, jf_error *error);

    /* [control] Hangs up. No further event of this call. */
    jf_status (*bye)(void *self, uint64_t call, uint32_t reason, jf_error *error);

    /* [control] Done when the peer has taken it, JF_REFUSED if it did not. call is 0 outside a call. */
    void (*message)(void *self, uint64_t call, jf_text content_type, jf_bytes body, jf_done done);
    void (*info)(void *self, uint64_t call, jf_text content_type, jf_bytes body, jf_done done);

    /* [control] Closes the stream and frees. No event comes afterwards. */
    void (*release)(void *self);

    /* optional */

    /* [control] Asks the peer of a running call to call somebody else: an account, or a URI. replaces, which may be empty: the call of
     * that one which the new call takes the place of, as name_dialog names it. Done with JF_OK when the peer considers it: then
     * refer_progressed says more. JF_REFUSED if it does not, JF_UNSUPPORTED if it cannot, or could not call that target; JF_BUSY while
     * an earlier one has not ended; JF_BAD_INPUT in a call that does not run, or for what is no name. */
    void (*refer)(void *self, uint64_t call, jf_text target, jf_text replaces, jf_done done);

    /* [control] What becomes of the call that the peer asked for with `referred`: 100 when it is placed, 180 when it rings, 200 or
     * more once, when it is answered, has failed or is not wanted. text may be empty. */
    jf_status (*refer_progress)(void *self, uint64_t call, uint32_t code, jf_text text, jf_error *error);

    /* [control] Like invite, for a call that somebody else has wanted. */
    jf_status (*invite_referred)(void *self, uint64_t call, jf_text offer_json, const jf_referral *referral, jf_error *error);

    /* [control] The name of a running call, by which its peer finds it when somebody else names it: printable ASCII. JF_BAD_INPUT
     * while it does not run. */
    jf_status (*name_dialog)(void *self, uint64_t call, jf_writer name, jf_error *error);

    /* [control] Whether that name, which came in with an invitation of whatever session, is that of this call: JF_OK, or JF_NOT_FOUND;
     * JF_BUSY if it is, and may only be replaced while it rings (RFC 3891 section 3). */
    jf_status (*match_dialog)(void *self, uint64_t call, jf_text name);

    /* [control] Asks the peer's program for a sign of life; JF_TIMEOUT if none comes in timeout_ns. For links without a multiplexer;
     * one that a service carries is looked after by the service. */
    void (*ping)(void *self, int64_t timeout_ns, jf_done done);

    /* [control] A running call of another session goes on in this one as `call`, even and new. `from` is the self of that session, of this
     * instance, with the same device; it knows the call no more, and its stream may have ended. The peer is not told: what is said next
     * in the call, an update say, tells it. Offers that were open have come to nothing, and wishes to call somebody else. JF_NOT_FOUND:
     * there is no such call there, or it does not run; JF_REFUSED: another device; JF_UNSUPPORTED: not on this kind of link. */
    jf_status (*take_over)(void *self, uint64_t call, void *from, uint64_t from_call, jf_error *error);
} jf_signaling_session_methods;

typedef struct jf_signaling_session {
    const jf_signaling_session_methods *methods;
    void *self;
} jf_signaling_session;

typedef struct jf_signaling_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Opens the stream. Path and listener stay valid until the session is released. JF_UNSUPPORTED for a carried link whose
     * protocol this plugin does not speak. */
    jf_status (*open)(void *self, jf_path stream, const jf_signaling_options *options, jf_signaling_listener listener,
                      jf_signaling_session *session, jf_error *error);
} jf_signaling_methods;

typedef struct jf_signaling {
    const jf_signaling_methods *methods;
    void *self;
} jf_signaling;

JF_ASSERT_SIZE(jf_signaling_options, 48);
JF_ASSERT_OFFSET(jf_signaling_options, local_name, 24);
JF_ASSERT_SIZE(jf_referral, 40);
JF_ASSERT_SIZE(jf_signaling_listener_methods, 144);
JF_ASSERT_OFFSET(jf_signaling_listener_methods, closed, 96);
JF_ASSERT_OFFSET(jf_signaling_listener_methods, invited_referred, 120);
JF_ASSERT_OFFSET(jf_signaling_listener_methods, taken_over, 136);
JF_ASSERT_SIZE(jf_signaling_listener, 16);
JF_ASSERT_SIZE(jf_signaling_session_methods, 152);
JF_ASSERT_OFFSET(jf_signaling_session_methods, release, 88);
JF_ASSERT_OFFSET(jf_signaling_session_methods, ping, 136);
JF_ASSERT_OFFSET(jf_signaling_session_methods, take_over, 144);
JF_ASSERT_SIZE(jf_signaling_session, 16);
JF_ASSERT_SIZE(jf_signaling_methods, 16);
JF_ASSERT_SIZE(jf_signaling, 16);

#ifdef __cplusplus
}
#endif
#endif
