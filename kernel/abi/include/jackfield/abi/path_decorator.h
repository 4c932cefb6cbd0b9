/* jackfield.path_decorator/1: a path in, a path of the same kind out (impairment, trace, counters, faults, pacing).
 *
 *   open -> the path above                  release at any time
 *
 * Decorators stack: the path above of one may be the path below of the next. The kernel releases whatever it stacked
 * upon the path above first, then the session, then what is below.
 */
#ifndef JACKFIELD_ABI_PATH_DECORATOR_H
#define JACKFIELD_ABI_PATH_DECORATOR_H

#include "path.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_PATH_DECORATOR_INTERFACE "jackfield.path_decorator/1"

typedef struct jf_decorator_options {
    uint32_t struct_size;
    uint32_t initiator; /* 1 on the side that calls: it tells both ends of one path apart */
    uint32_t component; /* of a media path, from 1; 1 for control */
    uint32_t reserved;
    jf_text seam;       /* where it stands: "control", "secured", "signaling", "media" */
    jf_text peer;       /* device id of the other end; for names and logs. Below the secure channel it is unproven */
} jf_decorator_options;

typedef struct jf_decorator_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Closes both paths and frees. */
    void (*release)(void *self);
} jf_decorator_session_methods;

typedef struct jf_decorator_session {
    const jf_decorator_session_methods *methods;
    void *self;
} jf_decorator_session;

typedef struct jf_path_decorator_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Yields *above, of the same kind as `below`; it lives as long as the session. The path below is opened
     * when the one above is, not earlier: what arrives meanwhile waits below. JF_UNSUPPORTED if this kind of path
     * cannot be decorated so. */
    jf_status (*open)(void *self, jf_path below, const jf_decorator_options *options, jf_path *above,
                      jf_decorator_session *session, jf_error *error);
} jf_path_decorator_methods;

typedef struct jf_path_decorator {
    const jf_path_decorator_methods *methods;
    void *self;
} jf_path_decorator;

JF_ASSERT_SIZE(jf_decorator_options, 48);
JF_ASSERT_OFFSET(jf_decorator_options, seam, 16);
JF_ASSERT_SIZE(jf_decorator_session_methods, 16);
JF_ASSERT_SIZE(jf_decorator_session, 16);
JF_ASSERT_SIZE(jf_path_decorator_methods, 16);
JF_ASSERT_SIZE(jf_path_decorator, 16);

#ifdef __cplusplus
}
#endif
#endif
