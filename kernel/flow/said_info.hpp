// One INFO at a time, until the peer has heard it. What a link took with it when it ended is said again over the next,
// where the call goes on.
//
// Threads:  [control].
// Lifetime: on the frame of the flow; a receipt may come after it.

#pragma once

#include "kernel/bind/signaling.hpp"
#include "kernel/flow/call.hpp"

#include <memory>
#include <optional>
#include <string>

namespace jackfield::kernel {

class SaidInfo {
public:
    explicit SaidInfo(std::shared_ptr<Call> call) : call_(std::move(call)) {}

    /// In place of what was said before.
    void say(SignaledCall& signaled, std::string_view content_type, std::string body);

    /// Whenever something may have happened.
    void look(SignaledCall& signaled);

    /// Nobody has said yet that it was heard.
    bool waits() const { return info_.has_value(); }

private:
    struct Info {
        std::string content_type;
        std::string body;
        std::uint32_t moves;                           // of the call, before it was said
        std::shared_ptr<std::optional<Error>> receipt; // second owner: the completion
    };

    std::shared_ptr<Call> call_; // whose bell rings
    std::optional<Info> info_;
};

} // namespace jackfield::kernel
