// Digits and rotation in a running call. See call_signals.hpp.

#include "kernel/flow/call_signals.hpp"

#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

namespace {

using namespace std::chrono_literals;

// RFC 4733 section 2.5.1: an update every 50 ms, the end three times, a pause before the next key.
constexpr auto kEventEvery = 50ms;
constexpr int kEventPackets = 4; // a key is pressed for as many of these
constexpr int kEnds = 3;
constexpr auto kPause = 50ms;
constexpr std::uint32_t kUnitsMax = 0xffff;

} // namespace

CallSignals::CallSignals(Call& call, CallMedia& media, Leg& leg)
    : call_(call), media_(media), leg_(leg), digit_(call.shared_from_this()), rotation_(call.shared_from_this())
{
    leg_.media->on_info(
        [this](const std::string& content_type, const std::string& body) { return hear(content_type, body); });
}

CallSignals::~CallSignals()
{
    leg_.media->on_info({});
}

void CallSignals::look()
{
    for (const auto& digit : media_.take_digits())
        tell_digit(digit);
    if (leg_.signaled->over() || call_.hung_up())
        return;
    rotation_.look(*leg_.signaled);
    digit_.look(*leg_.signaled);
    if (const auto degrees = std::exchange(call_.rotation_wanted, std::nullopt))
        rotation_.say(*leg_.signaled, kMediaControl, write_orientation(*degrees));
    while (now() >= next_) {
        next_ = TimePoint::max();
        if (key_ != 0)
            go_on_with_digit();
    }
    if (key_ == 0 && next_ == TimePoint::max() && !digit_.waits() && !call_.digits.empty())
        begin_digit();
}

// --- digits ---------------------------------------------------------------------------------------------------------

void CallSignals::begin_digit()
{
    const char key = call_.digits.front();
    call_.digits.erase(0, 1);
    const bool beside_sound = media_.event_sender() != nullptr;
    call_.tell(Step::media, Moment::progress,
               fmt::format(R"({{"what":"digit_sent","digit":"{}","way":"{}"}})", key, beside_sound ? "rtp" : "info"));
    if (!beside_sound) {
        const std::uint32_t number = leg_.media->can_restart() ? ++said_digits_ : 0; // else it is said once anyway
        digit_.say(*leg_.signaled, kDtmfRelay, write_dtmf({key, kEventEvery * kEventPackets, number}));
        next_ = now() + kEventEvery * kEventPackets + kPause;
        return;
    }
    key_ = key;
    begun_ns_ = monotonic_ns();
    packets_ = ends_ = 0;
    go_on_with_digit();
}

void CallSignals::go_on_with_digit()
{
    auto* sender = media_.event_sender();
    if (sender == nullptr || ends_ == kEnds) { // on hold meanwhile: the peer ends it by itself
        key_ = 0;
        next_ = now() + kPause;
        return;
    }
    if (packets_ < kEventPackets)
        ++packets_;
    TelephoneEvent event;
    event.event = *event_of(key_);
    event.end = packets_ == kEventPackets;
    const auto units = static_cast<std::uint32_t>(sender->clock_rate_hz() / 1000) *
                       static_cast<std::uint32_t>((kEventEvery * packets_).count());
    event.duration = static_cast<std::uint16_t>(std::min(units, kUnitsMax));
    sender->send_event(event.to_bytes(), begun_ns_, packets_ == 1);
    ends_ += event.end ? 1 : 0;
    next_ = now() + kEventEvery;
}

void CallSignals::tell_digit(const Digit& digit)
{
    call_.tell(Step::media, Moment::progress,
               fmt::format(R"({{"what":"digit","digit":"{}","duration_ms":{}}})", digit.key, digit.duration.count()));
    call_.listener->digit(call_, digit);
}

// --- INFO -----------------------------------------------------------------------------------------------------------

/// One that is said again, because its receipt was lost, is heard once.
void CallSignals::take_digit(const Digit& digit)
{
    if (digit.number == 0 || std::exchange(heard_digit_, digit.number) != digit.number)
        tell_digit(digit);
}

bool CallSignals::hear(const std::string& content_type, const std::string& body)
{
    if (content_type == kDtmfRelay) {
        const auto digit = read_dtmf(body);
        if (digit)
            take_digit(*digit);
        return digit.has_value();
    }
    if (content_type != kMediaControl)
        return false;
    const bool picture = asks_for_picture(body);
    if (picture)
        media_.send_key_frames();
    const auto degrees = read_orientation(body);
    if (degrees) {
        media_.rotate(*degrees);
        call_.tell(Step::media, Moment::progress, fmt::format(R"({{"what":"rotation","degrees":{}}})", *degrees));
        call_.listener->rotated(call_, *degrees);
    }
    return picture || degrees;
}

} // namespace jackfield::kernel
