// A path that is worse than the one below.
//
// Threads:  sends on any thread; receives on the carrier's thread, or on that of the path below for a direction that is
//           left alone.
// Lifetime: the session's, which is itself; the plugin's carrier outlives it.
#pragma once

#include "carrier.hpp"

#include <jackfield/path_decorator.hpp>

namespace path_impair {

class ImpairedPath final : public jackfield::DecoratedPath {
public:
    ImpairedPath(jackfield::Host host, Carrier& carrier, const Options& options, jackfield::Path below,
                 const jackfield::DecoratorPlace& place);
    ~ImpairedPath() override;

    void open(jf_path_receiver receiver) override;
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

private:
    /// One direction: what becomes of its packets, and where they come out.
    struct Direction : Outlet {
        Direction(ImpairedPath& owner, const Options& options, std::uint64_t seed, bool stream)
            : path(owner), fates(options, seed, stream)
        {}
        ImpairedPath& path;
        std::mutex mutex; // of the fates
        FateTeller fates;
        std::uint64_t packets = 0;
        std::uint64_t lost = 0;
    };
    struct Out final : Direction {
        using Direction::Direction;
        jackfield::Status deliver(const Parcel& parcel) noexcept override;
        void has_room() noexcept override { path.gate_.writable(); }
    };
    struct In final : Direction {
        using Direction::Direction;
        jackfield::Status deliver(const Parcel& parcel) noexcept override;
    };

    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(jackfield::Status status, std::string_view text) noexcept override;

    jackfield::Status post(Direction& direction, std::span<const jf_bytes> parts, std::uint32_t ecn);

    jackfield::Host host_;
    Carrier& carrier_;
    const Options& options_;
    jackfield::DecoratorPlace place_;
    Time made_at_;
    bool stream_;
    jackfield::ReceiverGate gate_;
    Out out_;
    In in_;
    bool is_closed_ = false;
};

} // namespace path_impair
