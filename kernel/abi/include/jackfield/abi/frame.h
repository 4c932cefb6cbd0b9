/* One piece of raw media, as it crosses between sources, codecs and sinks. */
#ifndef JACKFIELD_ABI_FRAME_H
#define JACKFIELD_ABI_FRAME_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_AUDIO 1
#define JF_VIDEO 2

typedef struct jf_frame {
    uint32_t struct_size;
    uint32_t kind;    /* JF_AUDIO or JF_VIDEO: says which of the two groups below is filled */
    int64_t time_ns;  /* source: when it was captured; sink: when to play it. Host clock */

    /* audio: samples, float, -1..1, channels interleaved; borrowed */
    const float *samples;
    uint32_t sample_rate_hz;
    uint32_t channels;
    uint32_t samples_per_channel;

    /* video: I420, 8 bit, limited range; planes Y, U, V; borrowed */
    uint32_t width_px;
    uint32_t height_px;
    uint32_t rotation_deg;  /* to be applied clockwise before showing: 0, 90, 180, 270 */
    const uint8_t *planes[3];
    uint32_t strides_bytes[3];
    uint32_t concealed;     /* 1 if a decoder made it up for something lost */
} jf_frame;

/* Takes frames by direct call. [media] The frame is borrowed until the call returns. */
typedef struct jf_frame_sink {
    void *self;
    void (*frame)(void *self, const jf_frame *frame);
} jf_frame_sink;

JF_ASSERT_SIZE(jf_frame, 88);
JF_ASSERT_OFFSET(jf_frame, samples, 16);
JF_ASSERT_OFFSET(jf_frame, width_px, 36);
JF_ASSERT_OFFSET(jf_frame, planes, 48);
JF_ASSERT_OFFSET(jf_frame, strides_bytes, 72);
JF_ASSERT_SIZE(jf_frame_sink, 16);

#ifdef __cplusplus
}
#endif
#endif
