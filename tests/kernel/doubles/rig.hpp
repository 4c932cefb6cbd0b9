// A node without network: the kernel's flows on a board of doubles, turned by the test's own thread and a held clock.
//
// Threads:  the test's; media streams have theirs.
// Lifetime: closing it checks what holds after every test: all flows end when the node leaves, every object of a plugin
//           was released, after what stood upon it, and no completion was lost.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/flow/environment.hpp"
#include "tests/kernel/doubles/connectivity.hpp"
#include "tests/kernel/doubles/discovery.hpp"
#include "tests/kernel/doubles/reliable_stream.hpp"
#include "tests/kernel/doubles/secure_channel.hpp"
#include "tests/kernel/doubles/signaling.hpp"

#include <memory>
#include <string>
#include <vector>

namespace jackfield::doubles {

using namespace std::chrono_literals;

/// A program that notes what it hears of its calls.
struct Program : kernel::CallListener {
    void ringing(kernel::Call& call) override
    {
        ++rang;
        if (answers)
            call.answer();
    }
    void answered(kernel::Call&) override { ++heard_answer; }
    void source_ended(kernel::Call&, kernel::MediaKind) override { ++sources_ended; }
    void ended(kernel::Call&, const kernel::CallEnd& how) override
    {
        ++ends;
        end = how;
    }

    bool answers = false; // incoming calls, as soon as they ring
    int rang = 0;
    int heard_answer = 0;
    int sources_ended = 0;
    int ends = 0;
    kernel::CallEnd end;
};

struct RigOptions {
    int discoveries = 1;
    bool reliable = true; // the slot is filled
    int decorators = 0;   // of them at every seam
    bool multiplexer = false;
    bool over_channels = false; // media; a multiplexer is there, too
};

/// What a node is made of, without flows: for tests of kernel/bind.
class Bench {
public:
    explicit Bench(const RigOptions& options = {});
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench();

    /// Runs what is to be done now.
    void settle();

    /// Puts the clock forward, then settles.
    void advance(kernel::StepClock::duration by);

    DiscoveryDouble& discovery(std::size_t n = 0) { return stage.get<DiscoveryDouble>("discovery", n); }

    Stage stage;
    kernel::ControlThread control;
    kernel::Completions completions;
    std::unique_ptr<kernel::Board> board;

private:
    kernel::Registry registry_;
};

/// A registry that knows the doubles, and a configuration that plugs them in.
kernel::Registry registry_of_doubles();
kernel::Config config_of_doubles(const RigOptions& options = {});

class Rig : public Bench {
public:
    explicit Rig(const RigOptions& options = {});
    ~Rig();

    /// Leaves, and looks whether everything is gone. The destructor does it too.
    void close();

    /// A call of ours: sound both ways, recorded.
    std::shared_ptr<kernel::Call> call(const std::string& account = "bob");

    /// The peer's device asks for a link.
    void request(const std::string& device = "bob-1", const std::string& blob = kPeerBlob,
                 const std::string& account = "bob");

    /// A link is opened by the peer, and a call comes in on it.
    std::shared_ptr<kernel::Call> be_called(const std::string& device = "bob-1");

    // The doubles by their names.
    ConnectivityDouble::Session& ice(std::string_view label, std::size_t n = 0)
    {
        return stage.get<ConnectivityDouble::Session>(label, n);
    }
    SecureChannelDouble::Session& tls(const std::string& device = "bob-1")
    {
        return stage.get<SecureChannelDouble::Session>("tls " + device);
    }
    SecureChannelDouble::Session& dtls(const std::string& device = "bob-1")
    {
        return stage.get<SecureChannelDouble::Session>("dtls " + device);
    }
    SignalingDouble::Session& signaling(const std::string& device = "bob-1", std::size_t n = 0)
    {
        return stage.get<SignalingDouble::Session>("signaling " + device, n);
    }
    MultiplexerDouble::Session& multiplexer() { return stage.get<MultiplexerDouble::Session>("multiplexer"); }
    ReliableStreamDouble::Session& reliable() { return stage.get<ReliableStreamDouble::Session>("reliable"); }

    /// The timeline so far, one line an event: "answer start", "signaling progress ringing", "connectivity done tcp",
    /// "call failed timeout at answer: ..".
    std::vector<std::string> told;
    bool was_told(std::string_view line) const;

    std::shared_ptr<Program> program = std::make_shared<Program>();
    std::vector<std::shared_ptr<kernel::Call>> incoming;
    std::optional<std::uint32_t> refuse_incoming; // it does not even ring

    kernel::Timeline timeline;
    std::unique_ptr<kernel::Switchboard> switchboard;
    std::unique_ptr<kernel::Environment> node;

    /// For a test whose script lets a plugin keep a completion to its end.
    bool completions_stay = false;

private:
    std::uint64_t last_request_ = 1000;
};

} // namespace jackfield::doubles
