// A running call on doubles, whose way to the peer is lost by hand.
//
// Threads:  the test's; the clock is held.
#pragma once

#include "tests/kernel/doubles/media_transport.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace jackfield::doubles {

using namespace jackfield::kernel;

inline const std::string kReconnecting = "media progress reconnecting";

/// What a peer says whose ICE has begun anew.
inline std::string anew(const std::string& description, const std::string& ufrag = "qqqq")
{
    auto document = nlohmann::json::parse(description);
    document["ice"]["ufrag"] = ufrag;
    return document.dump();
}

class Recovers : public ::testing::Test {
protected:
    explicit Recovers(const RigOptions& options = {.multiplexer = true}) : rig_(options)
    {
        rig_.stage.script.restart = Play::happens;
    }

    void call() { call_ = rig_.call(); }

    /// A call of the peer's, which is answered and runs.
    void be_called()
    {
        rig_.program->answers = true;
        call_ = rig_.be_called();
        signaling().listener().confirmed(signaling().call);
        rig_.settle();
    }

    SignalingDouble::Session& signaling(std::size_t n = 0) { return rig_.signaling("bob-1", n); }
    ConnectivityDouble::Session& media() { return rig_.ice("media"); }

    void lose_consent()
    {
        media().fail(JF_UNREACHABLE, "consent expired");
        rig_.settle();
    }
    void break_link(std::size_t n = 0)
    {
        signaling(n).strand();
        rig_.settle();
    }
    /// The peer takes an offer of ours that begins anew.
    void peer_follows(std::size_t n = 0)
    {
        const std::string ufrag = "qqq" + std::string(1, static_cast<char>('q' + follows_++));
        signaling(n).update_answered(anew(peer_answer(signaling(n).offered), ufrag));
        rig_.settle();
    }
    bool told(std::string_view beginning) const
    {
        return std::ranges::any_of(rig_.told, [&](const auto& line) { return line.starts_with(beginning); });
    }
    std::size_t offers(std::size_t n = 0)
    {
        return static_cast<std::size_t>(std::ranges::count(signaling(n).said, "update"));
    }

    Rig rig_;
    std::shared_ptr<Call> call_;
    int follows_ = 0; // of the peer
};

} // namespace jackfield::doubles
