/* jackfield.diagnosis/1: what a plugin finds out about its own part of a call when somebody asks why calls fail.
 *
 *   begin -> found*, finished         release at any time: nothing more is said then
 *
 * It stands beside the interface of a slot, as a factory of its own in the same library, and is made with the very
 * configuration of that slot: so it tries what the slot would do, without disturbing an instance that is at work. What
 * it opens it opens in begin, with its own sockets and as little of the network as it needs.
 */
#ifndef JACKFIELD_ABI_DIAGNOSIS_H
#define JACKFIELD_ABI_DIAGNOSIS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_DIAGNOSIS_INTERFACE "jackfield.diagnosis/1"

#define JF_VERDICT_OK 0      /* works */
#define JF_VERDICT_NOTE 1    /* calls work, but somebody should know this */
#define JF_VERDICT_PROBLEM 2 /* calls fail, or some of them */
#define JF_VERDICT_SKIPPED 3 /* could not be looked at; the sentence says why */

/* One thing that was looked at, and what was seen. */
typedef struct jf_finding {
    uint32_t struct_size;
    uint32_t verdict;
    jf_text check;        /* its name for programs, the same each time: "turn/0"; small letters, digits, '-', '.', '/' */
    jf_text sentence;     /* for people: what was found. Without a line end */
    jf_text advice;       /* what to change; never empty for a problem */
    jf_text details_json; /* numbers and words for programs, one JSON object: {"allocate_ms": 12.5} */
} jf_finding;

typedef struct jf_diagnosis_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Posted, as soon as it is known. Each check is found once. */
    void (*found)(void *self, const jf_finding *finding);

    /* [control] There is no more; once, posted, the last word. JF_OK whatever was found; another status if the
     * diagnosis itself could not be made. */
    void (*finished)(void *self, jf_status status, const jf_error *error);
} jf_diagnosis_listener_methods;

typedef struct jf_diagnosis_listener {
    const jf_diagnosis_listener_methods *methods;
    void *self;
} jf_diagnosis_listener;

typedef struct jf_diagnosis_options {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t limit_ns; /* everything is found by then: what has not answered counts as silent */
} jf_diagnosis_options;

typedef struct jf_diagnosis_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Gives up what is under way, and frees. Returns at once, as far as that can be. */
    void (*release)(void *self);
} jf_diagnosis_session_methods;

typedef struct jf_diagnosis_session {
    const jf_diagnosis_session_methods *methods;
    void *self;
} jf_diagnosis_session;

typedef struct jf_diagnosis_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Begins to look. The identity, if this node has one, is loaded by then or has failed to. */
    jf_status (*begin)(void *self, const jf_diagnosis_options *options, jf_diagnosis_listener listener,
                       jf_diagnosis_session *session, jf_error *error);
} jf_diagnosis_methods;

JF_ASSERT_SIZE(jf_finding, 72);
JF_ASSERT_OFFSET(jf_finding, check, 8);
JF_ASSERT_OFFSET(jf_finding, details_json, 56);
JF_ASSERT_SIZE(jf_diagnosis_listener_methods, 24);
JF_ASSERT_SIZE(jf_diagnosis_listener, 16);
JF_ASSERT_SIZE(jf_diagnosis_options, 16);
JF_ASSERT_SIZE(jf_diagnosis_session_methods, 16);
JF_ASSERT_SIZE(jf_diagnosis_session, 16);
JF_ASSERT_SIZE(jf_diagnosis_methods, 16);

#ifdef __cplusplus
}
#endif
#endif
