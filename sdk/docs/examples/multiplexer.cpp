// How a multiplexer ends what waits; see sdk/docs/interfaces/multiplexer.md.
#include <jackfield/multiplexer.hpp>

#include <map>

// [example]
/// Everything that waits for the peer, in one table, so that nothing is forgotten when the stream ends. [control]
struct Waiting {
    std::map<std::uint32_t, jackfield::ChannelDone> channels; // by the number on the wire
    std::map<std::uint32_t, jackfield::Completion> pings;

    void end(jackfield::Status status, std::string_view text)
    {
        for (auto& [number, done] : std::exchange(channels, {}))
            done.fail(status, text); // posted by the SDK
        for (auto& [number, done] : std::exchange(pings, {}))
            done.fail(status, text);
    }
};
// [end]
