// How good a conversation is, estimated from what was measured: the E-model (ITU-T G.107, 06/2015).
//
//   R = 93.2 - Id - Ie,eff        MOS = f(R), Annex B
//
// 93.2 is R with the default values of table 2. They stay in force but for the delay and the loss: rooms and handsets
// are as good as the Recommendation takes them to be. Echo is cancelled (of Id only Idd is left) and nothing is added
// for advantage (A = 0). Losses are taken as random (BurstR = 1). The scale is that of narrow-band telephony.
//
// Threads: plain functions, any thread.

#pragma once

#include <optional>
#include <string_view>

namespace jackfield::kernel {

/// What a coder costs (ITU-T G.113).
struct CodecImpairment {
    double ie = 0;   // without loss
    double bpl = 10; // how robust it is against loss; more is better
};

/// For names of RTP payload formats, in any case. G.711: Ie 0, Bpl 25.1, those of G.113 Appendix I for the coder with
/// concealment. Opus is not in there: Ie 0, as it carries more than the band of telephony unharmed, and, a choice of
/// ours on the careful side, the Bpl 10.0 of GSM-EFR. Nothing for others: nothing is known.
std::optional<CodecImpairment> impairment_of(std::string_view codec);

/// R from the delay from mouth to ear and the fraction (0..1) of packets that were not played. 0..93.2.
double transmission_rating(double one_way_ms, double fraction_lost, const CodecImpairment& codec);

/// The mean opinion score, 1..4.5, that belongs to R (G.107 Annex B).
double mos_of(double rating);

} // namespace jackfield::kernel
