// A path that carries nothing: it knows who yields it, and who opened it.
//
// Lifetime: its owner's.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/path.hpp>

#include <optional>

namespace jackfield::doubles {

class PathDouble : public PathBase {
public:
    PathDouble(std::uint32_t kind, Actor& owner) : kind_(kind), owner_(owner) { methods_ = handle().methods; }

    jf_path_info describe() const noexcept override
    {
        const std::uint32_t most = kind_ == JF_STREAM ? JF_STREAM_SEND_MAX : 1200;
        return {sizeof(jf_path_info), kind_, most, 0, 0, 0};
    }
    void open(jf_path_receiver receiver) override
    {
        if (receiver_)
            throw Failure(JF_BUSY, "the path is open already");
        receiver_ = receiver;
    }
    Status send(std::span<const jf_bytes>) noexcept override
    {
        ++sent_;
        return JF_OK;
    }
    void close() noexcept override { receiver_.reset(); }

    bool opened() const { return receiver_.has_value(); }
    int sent() const { return sent_; }

    /// Something of the peer's comes.
    void bring(ByteView bytes = {})
    {
        const jf_packet packet{sizeof(jf_packet), JF_ECN_UNKNOWN, to_bytes(bytes), 1};
        receiver_->methods->received(receiver_->self, &packet);
    }

    /// It ends by itself.
    void end() { receiver_->methods->closed(receiver_->self, JF_CLOSED, nullptr); }

    /// The one behind a path that crossed the boundary; `user` stands upon its owner from now on. One that the kernel
    /// has put in between is opened, and what is below it may go.
    static void use(const Path& path, Actor& user)
    {
        static Deaf deaf;
        if (path.raw().methods != methods_)
            return path.open(deaf);
        auto& self = *static_cast<PathDouble*>(static_cast<PathBase*>(path.raw().self));
        path.open(self.deaf_);
        user.stand_on(self.owner_);
    }

private:
    struct Deaf : PathReceiver {
        void received(const jf_packet&) noexcept override {}
        void closed(Status, std::string_view) noexcept override {}
    };

    static inline const jf_path_methods* methods_ = nullptr;

    std::uint32_t kind_;
    Actor& owner_;
    int sent_ = 0;
    Deaf deaf_;
    std::optional<jf_path_receiver> receiver_;
};

} // namespace jackfield::doubles
