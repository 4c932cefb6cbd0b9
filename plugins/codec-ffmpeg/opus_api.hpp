// The part of libopus's C interface used here (stable since libopus 1.0, soname libopus.so.0).
//
// libavcodec depends on libopus, so the library is there wherever this plugin builds; only its header is a package
// apart. Why not Opus through libavcodec: its wrapper neither conceals a missing packet, nor reads in-band FEC, nor
// changes the rate of an open encoder.
#pragma once

#include <cstdint>

extern "C" {

struct OpusEncoder;
struct OpusDecoder;

OpusEncoder* opus_encoder_create(std::int32_t sample_rate_hz, int channels, int application, int* error);
int opus_encoder_ctl(OpusEncoder* encoder, int request, ...);
std::int32_t opus_encode_float(OpusEncoder* encoder, const float* samples, int samples_per_channel,
                               unsigned char* packet, std::int32_t packet_capacity);
void opus_encoder_destroy(OpusEncoder* encoder);

OpusDecoder* opus_decoder_create(std::int32_t sample_rate_hz, int channels, int* error);
int opus_decode_float(OpusDecoder* decoder, const unsigned char* packet, std::int32_t packet_size, float* samples,
                      int samples_per_channel, int use_fec);
void opus_decoder_destroy(OpusDecoder* decoder);

int opus_packet_get_nb_samples(const unsigned char* packet, std::int32_t packet_size, std::int32_t sample_rate_hz);
const char* opus_strerror(int error);
}

namespace jackfield::codec::opus {

inline constexpr int kApplicationVoip = 2048;
inline constexpr int kApplicationAudio = 2049;
inline constexpr int kApplicationLowDelay = 2051;

inline constexpr int kSetBitrate = 4002;
inline constexpr int kSetComplexity = 4010;
inline constexpr int kSetInbandFec = 4012;
inline constexpr int kSetPacketLossPercent = 4014;
inline constexpr int kResetState = 4028;

} // namespace jackfield::codec::opus
