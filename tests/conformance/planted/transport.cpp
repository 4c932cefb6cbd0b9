// Media over packets of its own kind, put in order by number; correct but for one bug.
//
// Packet: type, number, timestamp, marker, payload type, hash over key and all the rest, bytes.
// Threads: one lock; sends and receives may meet. Lifetime: the scope ends first.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/media_transport.hpp>
#include <jackfield/plugin.hpp>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <thread>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

enum Type : std::uint8_t { media = 1, goodbye, key_frame };
constexpr std::size_t kHead = 17;
constexpr std::int64_t kDelayNs = 60'000'000; // behind a gap

/// The key that stands behind a name in the configuration.
std::string text_in(std::string_view json, std::string_view key)
{
    const auto at = json.find("\"" + std::string(key) + "\":{");
    if (at == std::string_view::npos)
        return "";
    const auto begin = json.find("\"key\":\"", at) + 7;
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

class Session final : public MediaSession, private PathReceiver {
public:
    Session(Host host, std::string_view config, Path path, MediaListener listener)
        : host_(host),
          scope_(host),
          path_(path),
          listener_(listener),
          send_key_(text_in(config, "send_key")),
          receive_key_(text_in(config, "receive_key")),
          clock_(config.find("90000") != std::string_view::npos ? 90'000 : 48'000)
    {
        path_.open(*this);
    }
    ~Session() override
    {
        if (!has("JF-RTP-05"))
            put(goodbye, {});
        scope_.end();
        path_.close();
    }

    Status send(std::uint32_t, const jf_payload& payload) noexcept override
    {
        const std::lock_guard lock(mutex_);
        ++sent_;
        const Status status = put(media, payload);
        if (status == JF_OK && controller_.methods != nullptr) {
            left_ += has("JF-RTP-10") ? 2 : 1;
            const jf_sent_packet packet{sizeof(packet),
                                        0,
                                        left_,
                                        now_ns(), // with IP and UDP
                                        static_cast<std::uint32_t>(payload.bytes.size + kHead + 28),
                                        0};
            controller_.methods->sent(controller_.self, &packet);
        }
        return has("JF-RTP-09") ? JF_OK : status;
    }
    Status take(std::uint32_t, std::int64_t now_ns, jf_payload& payload, std::int64_t& due) noexcept override
    {
        const std::lock_guard lock(mutex_);
        if (has("JF-GEN-15") && path_ended_)
            std::abort(); // what it had for the path is gone
        due = has("JF-RTP-04") ? now_ns : INT64_MAX;
        if (waiting_.empty())
            return JF_WOULD_BLOCK;
        const auto first = waiting_.begin();
        const bool in_turn = next_ == 0 || first->first == next_;
        if (!in_turn && now_ns < first->second.arrival_ns + kDelayNs && !has("JF-RTP-03")) {
            if (!has("JF-RTP-04"))
                due = first->second.arrival_ns + kDelayNs;
            return JF_WOULD_BLOCK;
        }
        taken_ = first->second.bytes;
        const std::uint32_t timestamp = static_cast<std::uint32_t>(number_at(taken_, 3, 4));
        if (next_ == 0) {
            first_timestamp_ = timestamp;
            begin_ns_ = now_ns + kDelayNs;
        }
        const std::uint32_t lost = next_ == 0 ? 0 : first->first - next_;
        payload.rtp_timestamp = timestamp;
        payload.bytes = to_bytes(ByteView(taken_).subspan(kHead));
        payload.marker = has("JF-RTP-01") ? 0 : taken_[7];
        payload.payload_type = taken_[8];
        payload.lost_before = static_cast<std::uint16_t>(has("JF-RTP-02") ? 0 : lost);
        payload.time_ns = begin_ns_ + static_cast<std::int64_t>(timestamp - first_timestamp_) * 1'000'000'000 / clock_;
        next_ = first->first + 1;
        waiting_.erase(first);
        return JF_OK;
    }
    std::int64_t tick(std::int64_t now_ns) noexcept override { return now_ns + 1'000'000'000; }
    void request_key_frame(std::uint32_t) noexcept override
    {
        const std::lock_guard lock(mutex_);
        if (!has("JF-RTP-06"))
            put(key_frame, {});
    }
    std::string statistics() override { return R"({"streams": []})"; }
    void control_rate(jf_rate_controller controller) override
    {
        controller_ = controller;
        const jf_rate_stream stream{sizeof(stream), JF_AUDIO, 6000, 64'000, 64'000, 0};
        controller_.methods->set_streams(controller_.self, &stream, 1, now_ns());
    }

private:
    struct Waiting {
        Bytes bytes;
        std::int64_t arrival_ns;
    };

    static std::uint64_t hash(const std::string& key, ByteView head, ByteView body)
    {
        return std::hash<std::string>{}(key + std::string(as_text(head)) + std::string(as_text(body)));
    }
    Status put(Type type, const jf_payload& payload)
    {
        Bytes head{type};
        append_number(head, sent_, 2);
        append_number(head, payload.rtp_timestamp, 4);
        head.push_back(payload.marker);
        head.push_back(111);
        append_number(head, hash(send_key_, head, view(payload.bytes)), 8);
        const jf_bytes parts[] = {to_bytes(head), payload.bytes};
        return path_.send(parts);
    }

    void received(const jf_packet& packet) noexcept override
    {
        const ByteView bytes = view(packet.bytes);
        if (bytes.size() < kHead)
            return;
        const bool real = hash(receive_key_, bytes.first(9), bytes.subspan(kHead)) == number_at(bytes, 9, 8);
        if (!real && !has("JF-RTP-07"))
            return;
        if (bytes[0] == key_frame)
            return listener_.key_frame_requested(0);
        if (bytes[0] == goodbye)
            return tell_the_end(JF_OK, "the peer said goodbye");
        {
            const std::lock_guard lock(mutex_);
            const auto number = static_cast<std::uint32_t>(number_at(bytes, 1, 2));
            if (number < next_)
                return;
            waiting_.try_emplace(number, Waiting{Bytes(bytes.begin(), bytes.end()), packet.arrival_ns});
        }
        listener_.arrived(0);
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        path_ended_ = true;
        if (has("JF-GEN-12"))
            return std::thread([&] { listener_.ended(status, text); }).join();
        tell_the_end(status, text);
    }
    /// Once, whatever comes first.
    void tell_the_end(Status status, std::string_view text)
    {
        scope_.post([this, status, why = std::string(text)] {
            if (!std::exchange(end_told_, true))
                listener_.ended(status, why);
        });
    }

    std::int64_t now_ns() const { return host_.now_ns(); }

    Host host_;
    Scope scope_;
    Path path_;
    MediaListener listener_;
    std::string send_key_;
    std::string receive_key_;
    std::int64_t clock_;
    std::mutex mutex_;
    std::atomic<bool> path_ended_{false};
    bool end_told_ = false; // on the control thread
    jf_rate_controller controller_{};
    std::uint64_t left_ = 0;
    std::uint32_t sent_ = 0;
    std::uint32_t next_ = 0; // 0: nothing was taken yet
    std::uint32_t first_timestamp_ = 0;
    std::int64_t begin_ns_ = 0;
    std::map<std::uint32_t, Waiting> waiting_;
    Bytes taken_;
};

class Packets final : public MediaTransport {
public:
    Packets(Host host, std::string_view config_json) : MediaTransport(host) { planted::look_at(config_json); }
    std::string capabilities() override
    {
        return R"({"profile": "PAPER", "suites": ["HASH_64"], "feedback": ["nack pli"]})";
    }
    std::string make_key(std::string_view suite) override
    {
        if (suite != "HASH_64")
            throw Failure(JF_UNSUPPORTED, "HASH_64 would work");
        const std::uint64_t number = has("JF-RTP-08") ? 1 : host_.random_number();
        return std::to_string(number | 1ULL << 63) + "abcdef0123456789";
    }
    std::unique_ptr<MediaSession> open(std::string_view config, std::vector<Path> paths,
                                       MediaListener listener) override
    {
        return std::make_unique<Session>(host_, config, paths.at(0), listener);
    }
};

} // namespace

JF_PLUGIN(Packets)
