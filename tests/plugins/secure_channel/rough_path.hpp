// A path that treats what it carries badly, in a way a seed repeats: loses, doubles, reorders, splits, records.
//
// Threads: as the path below. Lifetime: borrows the path below; outlives whatever is built upon it.
#pragma once

#include "pair.hpp"

#include <random>

namespace secure_test {

struct Roughness {
    int loss_percent = 0;
    int double_percent = 0;
    int reorder_percent = 0; ///< held back until the next one has gone
    bool split = false;      ///< what arrives is handed up byte by byte
    std::uint32_t seed = 1;
};

class RoughPath final : public jackfield::PathBase {
public:
    RoughPath(Path below, Roughness rough) : below_(below), rough_(rough), random_(rough.seed) {}

    Path path() { return Path(handle()); }

    /// From now on everything goes through as it is.
    void calm()
    {
        const std::lock_guard lock(mutex_);
        rough_.loss_percent = rough_.double_percent = rough_.reorder_percent = 0;
    }

    /// What was sent so far, lost or not.
    std::vector<Bytes> sent() const
    {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

    jf_path_info describe() const noexcept override { return below_.describe(); }

    void open(jf_path_receiver receiver) override
    {
        above_ = receiver;
        below_.open(splitter_);
    }

    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::lock_guard lock(mutex_);
        Bytes packet;
        for (const auto& part : parts)
            packet.insert(packet.end(), part.data, part.data + part.size);
        sent_.push_back(packet);
        if (chance(rough_.loss_percent))
            return JF_OK;
        if (held_.empty() && chance(rough_.reorder_percent)) {
            held_ = std::move(packet);
            return JF_OK;
        }
        Status status = below_.send(packet);
        if (chance(rough_.double_percent))
            below_.send(packet);
        if (!held_.empty())
            below_.send(std::exchange(held_, {}));
        return status;
    }

    void close() noexcept override { below_.close(); }

private:
    struct Splitter final : jackfield::PathReceiver {
        explicit Splitter(RoughPath& owner) : path(owner) {}
        void received(const jf_packet& packet) noexcept override
        {
            jf_packet piece = packet;
            const std::size_t step = path.rough_.split ? 1 : packet.bytes.size;
            for (std::size_t at = 0; at < packet.bytes.size; at += step) {
                piece.bytes = {packet.bytes.data + at, step};
                path.above_.methods->received(path.above_.self, &piece);
            }
        }
        void writable() noexcept override { path.above_.methods->writable(path.above_.self); }
        void closed(Status status, std::string_view words) noexcept override
        {
            const jf_error error = jackfield::make_error(status, words);
            path.above_.methods->closed(path.above_.self, status, &error);
        }
        RoughPath& path;
    };

    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

    Path below_;
    mutable std::mutex mutex_;
    Roughness rough_;
    std::mt19937 random_;
    Bytes held_;
    std::vector<Bytes> sent_;
    jf_path_receiver above_{nullptr, nullptr};
    Splitter splitter_{*this};
};

/// A pair whose ends each send over a rough path.
struct RoughPair : Pair {
    RoughPair(const Case& which_case, const std::string& more_config, Roughness rough)
        : Pair(which_case, more_config),
          client_path(link.path(0), rough),
          server_path(link.path(1),
                      {rough.loss_percent, rough.double_percent, rough.reorder_percent, rough.split, rough.seed + 1000})
    {}
    ~RoughPair() // before the rough paths go
    {
        client.release();
        server.release();
    }

    ::testing::AssertionResult connect_roughly()
    {
        server.open(server_path.path(), false, client_identity->device());
        client.open(client_path.path(), true, server_identity->device());
        return finish_handshake();
    }

    RoughPath client_path;
    RoughPath server_path;
};

} // namespace secure_test
