/* jackfield.media_sink/1: where sound and pictures go: a file, a device, nowhere.
 *
 *   open -> write*, write_own* -> finish -> done -> release
 */
#ifndef JACKFIELD_ABI_MEDIA_SINK_H
#define JACKFIELD_ABI_MEDIA_SINK_H

#include "frame.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_MEDIA_SINK_INTERFACE "jackfield.media_sink/1"

typedef struct jf_sink_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] Takes a frame; copies what it keeps. Frames of one kind come in order, those of different kinds from
     * different threads; sound comes ahead of its time_ns, as far as a jitter buffer delays. JF_WOULD_BLOCK: the sink
     * cannot follow and dropped it. */
    jf_status (*write)(void *self, const jf_frame *frame);

    /* [control] No more frames will come: completes the file. Done posted; a failed disk is its status. */
    void (*finish)(void *self, jf_done done);

    /* [control] Frees; without finish the file is left as it is. */
    void (*release)(void *self);
    /* optional */
    /* A sink that has it keeps both sides of a call.
     * [media] As write, for a frame that we send: as it goes to the encoder, with the time of its capture. Both times
     * are of one clock. Its threads are others than those of write, again one for each kind. */
    jf_status (*write_own)(void *self, const jf_frame *frame);
} jf_sink_session_methods;

typedef struct jf_sink_session {
    const jf_sink_session_methods *methods;
    void *self;
} jf_sink_session;

typedef struct jf_media_sink_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [any] 1 if this plugin would open that name ("null", "/call.mkv", "speaker:"); as with media_source. */
    int32_t (*accepts)(void *self, jf_text name);

    /* [control] options_json is one object: {"audio": true, "video": true} says what will come from the peer, and
     * {"own_audio": true, "own_video": true} beside it what of ours; what is missing of ours will not. JF_NOT_FOUND,
     * JF_REFUSED, JF_BAD_INPUT with the reason if it cannot be opened for writing; JF_UNSUPPORTED if ours is to come
     * and its place is not here (a loudspeaker). A session without write_own counts as that, too. */
    jf_status (*open)(void *self, jf_text name, jf_text options_json, jf_sink_session *session, jf_error *error);

    /* optional */

    /* [worker] The devices there are now, as media_source has it. */
    jf_status (*devices)(void *self, jf_writer json, jf_error *error);
} jf_media_sink_methods;

typedef struct jf_media_sink {
    const jf_media_sink_methods *methods;
    void *self;
} jf_media_sink;

JF_ASSERT_SIZE(jf_sink_session_methods, 40);
JF_ASSERT_SIZE(jf_sink_session, 16);
JF_ASSERT_SIZE(jf_media_sink_methods, 32);
JF_ASSERT_SIZE(jf_media_sink, 16);

#ifdef __cplusplus
}
#endif
#endif
