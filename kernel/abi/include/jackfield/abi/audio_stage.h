/* jackfield.audio_stage/1: works on our sound on its way from the source to the encoder, and hears what is played:
 * echo cancellation, noise suppression, gain control.
 *
 *   open -> process*, played* -> release
 */
#ifndef JACKFIELD_ABI_AUDIO_STAGE_H
#define JACKFIELD_ABI_AUDIO_STAGE_H

#include "frame.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_AUDIO_STAGE_INTERFACE "jackfield.audio_stage/1"

typedef struct jf_audio_stage_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] A frame of ours. `samples` are its samples once more, as many, to be worked on where they are; what comes
     * out may be late by as much as the stage needs, and begins with silence then. JF_BAD_INPUT: another form than was
     * opened; the samples are as they were. */
    jf_status (*process)(void *self, const jf_frame *frame, float *samples);

    /* [media] A frame of the peer, as the sink gets it: ahead of its time, in any form. On another thread than
     * process. */
    void (*played)(void *self, const jf_frame *frame);

    /* [control] Neither is under way. */
    void (*release)(void *self);
} jf_audio_stage_session_methods;

typedef struct jf_audio_stage_session {
    const jf_audio_stage_session_methods *methods;
    void *self;
} jf_audio_stage_session;

typedef struct jf_audio_stage_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] form_json is one object: {"sample_rate_hz": 48000, "channels": 1} says how our frames come. One session
     * for each call. */
    jf_status (*open)(void *self, jf_text form_json, jf_audio_stage_session *session, jf_error *error);
} jf_audio_stage_methods;

typedef struct jf_audio_stage {
    const jf_audio_stage_methods *methods;
    void *self;
} jf_audio_stage;

JF_ASSERT_SIZE(jf_audio_stage_session_methods, 32);
JF_ASSERT_SIZE(jf_audio_stage_session, 16);
JF_ASSERT_SIZE(jf_audio_stage_methods, 16);
JF_ASSERT_SIZE(jf_audio_stage, 16);

#ifdef __cplusplus
}
#endif
#endif
