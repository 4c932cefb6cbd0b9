/* jackfield.media_source/1: where sound and pictures come from: a file, a device, a test pattern.
 *
 *   open -> start (once per kind) -> frames* -> ended?         release at any time
 */
#ifndef JACKFIELD_ABI_MEDIA_SOURCE_H
#define JACKFIELD_ABI_MEDIA_SOURCE_H

#include "frame.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_MEDIA_SOURCE_INTERFACE "jackfield.media_source/1"

/* What the source has; 0 where it has nothing of that kind. */
typedef struct jf_source_info {
    uint32_t struct_size;
    uint32_t has_audio;
    uint32_t sample_rate_hz;
    uint32_t channels;
    uint32_t has_video;
    uint32_t width_px;
    uint32_t height_px;
    uint32_t frame_rate_millihertz; /* 29970 for 29.97 pictures a second */
    int64_t duration_ns;            /* 0 if it has no end */
    uint32_t joins_late;            /* not 0: a kind that starts after the other joins it where it is by then; else it
                                     * starts at the beginning, and the other may have to wait for it */
    uint32_t reserved;
} jf_source_info;

/* How the frames shall be delivered; 0 leaves it to the source. */
typedef struct jf_source_format {
    uint32_t struct_size;
    uint32_t kind;           /* JF_AUDIO or JF_VIDEO */
    uint32_t sample_rate_hz; /* audio: resampled to this */
    uint32_t channels;       /* audio: mixed to this */
    uint32_t frame_ms;       /* audio: samples per frame, as time */
    uint32_t max_width_px;   /* video: scaled down to fit, keeping the aspect */
    uint32_t max_height_px;
    uint32_t max_frame_rate_millihertz;
} jf_source_format;

typedef struct jf_source_listener_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] The next frame, on a thread of the source, one thread per kind. */
    void (*frame)(void *self, const jf_frame *frame);

    /* [control] That kind has no more frames: JF_OK at the end of a file, an error otherwise. */
    void (*ended)(void *self, uint32_t kind, jf_status status, const jf_error *error);
} jf_source_listener_methods;

typedef struct jf_source_listener {
    const jf_source_listener_methods *methods;
    void *self;
} jf_source_listener;

typedef struct jf_source_session_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] What there is to have. */
    jf_status (*describe)(void *self, jf_source_info *info, jf_error *error);

    /* [control] Frames of one kind begin to come, at the pace of real time unless the options said otherwise. The
     * kinds of one session keep one clock, whichever starts first. */
    jf_status (*start)(void *self, const jf_source_format *format, jf_error *error);

    /* [control] Stops and frees; no frame comes after it returns. */
    void (*release)(void *self);
} jf_source_session_methods;

typedef struct jf_source_session {
    const jf_source_session_methods *methods;
    void *self;
} jf_source_session;

typedef struct jf_media_source_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [any] 1 if this plugin would open that name ("test", "/film.mp4", "microphone:"); says nothing about success. Of
     * several plugins that accept the name of a device the next is asked if open gives JF_NOT_FOUND or JF_UNREACHABLE. */
    int32_t (*accepts)(void *self, jf_text name);

    /* [control] Opens it far enough to know what is inside. options_json is one object: {"realtime": true, "loop":
     * false}. JF_NOT_FOUND, JF_BAD_INPUT with the reason if it cannot be read. */
    jf_status (*open)(void *self, jf_text name, jf_text options_json, jf_source_listener listener,
                      jf_source_session *session, jf_error *error);

    /* optional */

    /* [worker] The devices there are now, one JSON object (devices.schema.json): what open would take. None is opened
     * for that. */
    jf_status (*devices)(void *self, jf_writer json, jf_error *error);
} jf_media_source_methods;

typedef struct jf_media_source {
    const jf_media_source_methods *methods;
    void *self;
} jf_media_source;

JF_ASSERT_SIZE(jf_source_info, 48);
JF_ASSERT_OFFSET(jf_source_info, duration_ns, 32);
JF_ASSERT_SIZE(jf_source_format, 32);
JF_ASSERT_SIZE(jf_source_listener_methods, 24);
JF_ASSERT_SIZE(jf_source_listener, 16);
JF_ASSERT_SIZE(jf_source_session_methods, 32);
JF_ASSERT_SIZE(jf_source_session, 16);
JF_ASSERT_SIZE(jf_media_source_methods, 32);
JF_ASSERT_SIZE(jf_media_source, 16);

#ifdef __cplusplus
}
#endif
#endif
