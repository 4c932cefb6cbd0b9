/* A link to a device that somebody else carries: the proxy of a SIP account, the server of another service. A discovery plugin
 * whose mechanism is such a service yields it (discovery.h, `carry`); signaling speaks over it (signaling.h, `carrier`).
 *
 * Steps 2 to 5 fall away on it: there is nobody to exchange candidates with, and who is at the other end is what the service says.
 * Its path is one of datagrams, each of them one whole message of the signaling protocol; `reliable` in jf_path_info says whether
 * the service's own connection loses none (TCP, TLS) or signaling has to repeat what is not answered (UDP). A connection that
 * breaks and is made again does not end the path.
 */
#ifndef JACKFIELD_ABI_CARRIER_H
#define JACKFIELD_ABI_CARRIER_H

#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct jf_carrier_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Who we are for this service and how to write to it, one JSON object (carrier.schema.json). It may change while the
     * link is open, when the service is reached from another address: ask again for each message. */
    jf_status (*describe)(void *self, jf_writer json, jf_error *error);

    /* [control] Our answer to a challenge of the service (RFC 3261 section 22): the value of the header that carries the credentials.
     * challenge: the value of one WWW-Authenticate or Proxy-Authenticate header; method, uri and body are those of the request that
     * is to be repeated. JF_UNSUPPORTED: no credentials for that realm, or not this scheme; JF_UNAUTHENTICATED: the same
     * credentials have just been refused. */
    jf_status (*answer_challenge)(void *self, jf_text challenge, jf_text method, jf_text uri, jf_bytes body,
                                  jf_writer credentials, jf_error *error);

    /* [control] Ends the path and frees. */
    void (*release)(void *self);
} jf_carrier_methods;

typedef struct jf_carrier {
    const jf_carrier_methods *methods;
    void *self;
    jf_path path; /* lives until release */
} jf_carrier;

JF_ASSERT_SIZE(jf_carrier_methods, 32);
JF_ASSERT_SIZE(jf_carrier, 32);

#ifdef __cplusplus
}
#endif
#endif
