// A transport of media that moves nothing.

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/media_transport.hpp>

#include <limits>

namespace jackfield::doubles {

class MediaTransportDouble : public MediaTransport {
public:
    class Session : public MediaSession, public Actor {
    public:
        Session(std::vector<Path> paths, MediaListener listener)
            : Actor("transport"), paths_(std::move(paths)), listener_(listener)
        {
            for (const auto& path : paths_)
                PathDouble::use(path, *this);
        }

        Status send(std::uint32_t, const jf_payload&) noexcept override { return JF_OK; }
        Status take(std::uint32_t, std::int64_t, jf_payload&, std::int64_t& next_due_ns) noexcept override
        {
            next_due_ns = std::numeric_limits<std::int64_t>::max();
            return JF_WOULD_BLOCK;
        }
        std::int64_t tick(std::int64_t) noexcept override { return std::numeric_limits<std::int64_t>::max(); }
        void request_key_frame(std::uint32_t) noexcept override {}
        void change(std::string_view, std::vector<Path>) override {}
        std::string statistics() override { return Stage::current().script.counted; }

        const MediaListener& listener() const { return listener_; }
        const std::vector<Path>& paths() const { return paths_; }

    private:
        std::vector<Path> paths_;
        MediaListener listener_;
    };

    MediaTransportDouble(Host host, std::string_view) : MediaTransport(host) {}

    std::string capabilities() override { return R"({"profile":"RTP/AVP","suites":[],"feedback":[]})"; }
    std::string make_key(std::string_view) override { return ""; }
    std::unique_ptr<MediaSession> open(std::string_view, std::vector<Path> paths, MediaListener listener) override
    {
        if (Stage::current().script.transport == Play::fails)
            throw Failure(Stage::current().script.status, kScripted);
        return std::make_unique<Session>(std::move(paths), listener);
    }
};

} // namespace jackfield::doubles
