// The E-model. See e_model.hpp.

#include "kernel/media/e_model.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

namespace jackfield::kernel {

namespace {

constexpr double kRatingOfDefaults = 93.2;
constexpr double kNoticedMs = 100; // mT of G.107 table 1: a shorter delay nobody notices

bool same_codec(std::string_view one, std::string_view other)
{
    return std::ranges::equal(one, other,
                              [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// Idd: a delay that makes people talk at the same time (G.107 equations 7-27 and 7-28, sT = 1).
double delay_impairment(double one_way_ms)
{
    if (one_way_ms <= kNoticedMs)
        return 0;
    const double x = std::log2(one_way_ms / kNoticedMs);
    return 25 * (std::pow(1 + std::pow(x, 6), 1.0 / 6) - 3 * std::pow(1 + std::pow(x / 3, 6), 1.0 / 6) + 2);
}

/// Ie,eff (G.107 equation 7-29, BurstR = 1).
double loss_impairment(double fraction_lost, const CodecImpairment& codec)
{
    const double percent = std::clamp(fraction_lost, 0.0, 1.0) * 100;
    return codec.ie + (95 - codec.ie) * percent / (percent + codec.bpl);
}

} // namespace

std::optional<CodecImpairment> impairment_of(std::string_view codec)
{
    static constexpr std::array<std::pair<std::string_view, CodecImpairment>, 3> kKnown{
        {{"PCMU", {0, 25.1}}, {"PCMA", {0, 25.1}}, {"opus", {0, 10.0}}}};
    for (const auto& [name, impairment] : kKnown) {
        if (same_codec(name, codec))
            return impairment;
    }
    return std::nullopt;
}

double transmission_rating(double one_way_ms, double fraction_lost, const CodecImpairment& codec)
{
    return std::max(0.0, kRatingOfDefaults - delay_impairment(one_way_ms) - loss_impairment(fraction_lost, codec));
}

double mos_of(double rating)
{
    if (rating <= 0)
        return 1;
    if (rating >= 100)
        return 4.5;
    return std::max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

} // namespace jackfield::kernel
