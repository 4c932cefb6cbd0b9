// A peer with an identity of its own, found and proven like any other, that says over the proven link whatever a test
// wants, instead of SIP.
//
// Threads:  the test's; the node has its own. Lifetime: a World's peer is there meanwhile.
#pragma once

#include "kernel/node/node.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace scenarios {

class RawSipPeer {
public:
    /// A node of that configuration with another signaling, online.
    explicit RawSipPeer(const std::filesystem::path& config);
    RawSipPeer(const RawSipPeer&) = delete;
    RawSipPeer& operator=(const RawSipPeer&) = delete;
    ~RawSipPeer();

    const std::string& account() const { return account_; }

    /// Opens a link to that account's device, by a call that is never placed. False if there is none in time.
    bool dial(const std::string& account);

    /// All of it, in pieces of that size, as fast as the peer takes it. False if the peer closed the link meanwhile.
    bool say(const std::string& bytes, std::size_t piece = 16 * 1024);

    /// The peer has closed the link; false if it has not in time.
    bool is_cut_off(std::chrono::milliseconds limit = std::chrono::seconds(10));

    /// What the peer has said holds that text, now or within the time.
    bool hears(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(10));
    std::string heard() const;

private:
    std::unique_ptr<jackfield::kernel::Node> node_;
    std::string account_;
};

} // namespace scenarios
