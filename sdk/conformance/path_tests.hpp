// Tests of whatever yields paths: the same for decorators, connectivity, secure channels, reliable streams, channels.
//
// Threads: as kit.hpp. Lifetime: a Joint ends its paths, and goes before the Bench whose instances made them.
#pragma once

#include "kit.hpp"

#include <jackfield/testing/memory_link.hpp>

#include <condition_variable>
#include <mutex>

namespace jackfield::conformance {

/// Listens at one end of a path and rings the bell.
class Ear final : public PathReceiver {
public:
    struct Heard {
        std::vector<Bytes> packets;
        std::int64_t first_arrival_ns = 0;
        std::size_t bytes = 0;
        int writable = 0;
        int closed = 0;
        Status status = JF_OK;

        Bytes stream() const;
    };

    Heard heard() const
    {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    std::size_t packets() const { return heard().packets.size(); }
    std::size_t bytes() const { return heard().bytes; }
    int closed_count() const { return heard().closed; }

    /// While held, a packet waits inside its call.
    void hold(bool held);

private:
    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(Status status, std::string_view text) noexcept override;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Heard heard_;
    bool held_ = false;
};

/// Two paths of which at least the near one comes out of the plugin: what one sends the other receives.
class Joint {
public:
    Joint() = default;
    Joint(const Joint&) = delete;
    Joint& operator=(const Joint&) = delete;
    virtual ~Joint() = default;

    /// Ends what made the paths, near end first. Idempotent.
    virtual void release() = 0;
    /// The far end ends its path in order. Most need no more than this.
    virtual void end_far() { far.close(); }

    std::uint32_t kind = JF_STREAM;
    Path near;
    Path far;
    testing::MemoryLink* link = nullptr; ///< what lies below, if the kit made it
    Ear at_near;
    Ear at_far;
};

/// Makes a Joint of a kind. Throws Skipped if the plugin has none of that kind.
using Joiner = std::function<std::unique_ptr<Joint>(Bench&, std::uint32_t kind)>;

/// Adds the tests of JF-PATH, for each of the kinds. of: what yields the path, if the interface has several, in the
/// name of the test; declared: see Test.
void add_path_tests(std::vector<Test>& list, const std::string& interface_id, const std::vector<std::uint32_t>& kinds,
                    const Joiner& join, const std::string& of = {}, const std::string& declared = {});

/// Bytes that tell at which position they stand.
Bytes pattern(std::size_t size, unsigned seed = 1);

/// Sends it all in pieces, waiting for room as often as need be. False if that is refused for another reason.
bool send_all(Bench& bench, const Path& path, const Ear& ear, ByteView bytes, std::size_t piece);

} // namespace jackfield::conformance
