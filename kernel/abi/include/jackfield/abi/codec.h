/* jackfield.codec/1: raw frames to RTP payloads and back, each codec by the payload format of its RFC.
 *
 * Capabilities, one JSON object (codec-capabilities.schema.json):
 *   {"codecs": [{"name": "opus", "kind": "audio", "clock_rate_hz": 48000, "channels": 2, "parameters": "useinbandfec=1",
 *                "static_payload_type": null, "sample_rate_hz": 48000, "frame_ms": 20}]}
 * in order of preference. sample_rate_hz is what an encoder wants its frames in; clock_rate_hz is the RTP clock.
 *
 * Encoder and decoder configuration: one entry of that list as it was negotiated, plus for encoders
 *   "bitrate_bps", "max_payload_bytes", and for video "width_px", "height_px", "frame_rate".
 */
#ifndef JACKFIELD_ABI_CODEC_H
#define JACKFIELD_ABI_CODEC_H

#include "frame.h"
#include "media_transport.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_CODEC_INTERFACE "jackfield.codec/1"

/* Takes payloads by direct call. [media] Borrowed until the call returns. */
typedef struct jf_payload_sink {
    void *self;
    void (*payload)(void *self, const jf_payload *payload);
} jf_payload_sink;

typedef struct jf_encoder_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] Encodes a frame; payloads come out of the sink inside this call, none or several. Audio frames may have
     * any length. Video frames of another size than before make the encoder adapt, beginning with a key frame. */
    jf_status (*encode)(void *self, const jf_frame *frame);

    /* [any] Takes effect with the next frame; the encoder keeps within its own bounds. */
    void (*set_bitrate)(void *self, uint32_t bits_per_second);

    /* [any] The next picture is a key frame. Nothing for audio. */
    void (*request_key_frame)(void *self);

    /* [control] No encode is under way. */
    void (*release)(void *self);

    /* optional */

    /* [any] How many of a hundred packets the peer says it lost lately; 0 until it says something. An encoder that can
     * make its payloads hardier at a price does so only then. */
    void (*set_loss)(void *self, uint32_t percent);
} jf_encoder_methods;

typedef struct jf_encoder {
    const jf_encoder_methods *methods;
    void *self;
} jf_encoder;

typedef struct jf_decoder_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [media] Takes the next payload in order, frames come out of the sink inside this call. lost_before > 0 makes an
     * audio decoder conceal first. JF_WOULD_BLOCK: a key frame is needed before anything can be shown.
     * JF_BAD_INPUT: not a valid payload; the next may be. */
    jf_status (*decode)(void *self, const jf_payload *payload);

    /* [control] No decode is under way. */
    void (*release)(void *self);
} jf_decoder_methods;

typedef struct jf_decoder {
    const jf_decoder_methods *methods;
    void *self;
} jf_decoder;

typedef struct jf_codec_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [any] See above. */
    jf_status (*capabilities)(void *self, jf_writer json, jf_error *error);

    /* [worker] The sink stays valid until release. Fully warm when it returns: the first encode costs like the next.
     * May take as long as a library needs; several may be open and opening at once. */
    jf_status (*open_encoder)(void *self, jf_text config_json, jf_payload_sink sink, jf_encoder *encoder,
                              jf_error *error);
    jf_status (*open_decoder)(void *self, jf_text config_json, jf_frame_sink sink, jf_decoder *decoder,
                              jf_error *error);
} jf_codec_methods;

typedef struct jf_codec {
    const jf_codec_methods *methods;
    void *self;
} jf_codec;

JF_ASSERT_SIZE(jf_payload_sink, 16);
JF_ASSERT_SIZE(jf_encoder_methods, 48);
JF_ASSERT_SIZE(jf_encoder, 16);
JF_ASSERT_SIZE(jf_decoder_methods, 24);
JF_ASSERT_SIZE(jf_decoder, 16);
JF_ASSERT_SIZE(jf_codec_methods, 32);
JF_ASSERT_OFFSET(jf_codec_methods, open_decoder, 24);
JF_ASSERT_SIZE(jf_codec, 16);

#ifdef __cplusplus
}
#endif
#endif
