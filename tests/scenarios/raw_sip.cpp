// A peer that says what a test wants over a proven link. See raw_sip.hpp.

#include "raw_sip.hpp"

#include <jackfield/signaling.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace scenarios {

using namespace jackfield;

namespace {

/// The link, while there is one. One at a time: a factory has no state.
struct Line {
    std::mutex mutex;
    std::condition_variable changed;
    Path path;
    bool open = false;
    bool cut = false;
    std::string heard;

    static Line& instance()
    {
        static Line line;
        return line;
    }
    template <class Condition>
    bool wait(Condition condition, std::chrono::milliseconds limit)
    {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, limit, condition);
    }
    template <class Change>
    void change(Change what)
    {
        const std::lock_guard lock(mutex);
        what();
        changed.notify_all();
    }
};

/// Says nothing by itself, whatever the kernel asks for.
class RawSession final : public SignalingSession, private PathReceiver {
public:
    RawSession(Host host, Path stream) : SignalingSession(host), stream_(stream)
    {
        stream_.open(*this);
        Line& line = Line::instance();
        line.change([&] {
            line.path = stream_;
            line.open = true;
        });
    }
    ~RawSession() override
    {
        Line& line = Line::instance();
        line.change([&] { line.open = false; }); // nobody sends from here on
        stream_.close();
    }

    void invite(std::uint64_t, std::string_view) override {}
    void ring(std::uint64_t, std::string_view) override {}
    void answer(std::uint64_t, std::string_view) override {}
    void refuse(std::uint64_t, std::uint32_t) override {}
    void cancel(std::uint64_t, std::uint32_t) override {}
    void update(std::uint64_t, std::string_view) override {}
    void answer_update(std::uint64_t, std::string_view) override {}
    void bye(std::uint64_t, std::uint32_t) override {}
    void message(std::uint64_t, std::string_view, ByteView, Completion done) override { done.succeed(); }
    void info(std::uint64_t, std::string_view, ByteView, Completion done) override { done.succeed(); }

private:
    void received(const jf_packet& packet) noexcept override
    {
        Line& line = Line::instance();
        line.change([&] { line.heard.append(reinterpret_cast<const char*>(packet.bytes.data), packet.bytes.size); });
    }
    void writable() noexcept override
    {
        Line::instance().change([] {});
    }
    void closed(Status, std::string_view) noexcept override
    {
        Line& line = Line::instance();
        line.change([&] { line.cut = true; });
    }

    Path stream_;
};

class RawSignaling final : public Signaling {
public:
    RawSignaling(Host host, std::string_view) : Signaling(host) {}
    std::unique_ptr<SignalingSession> open(Path stream, SignalingOptions, SignalingListener) override
    {
        return std::make_unique<RawSession>(host_, stream);
    }
};

struct Raw {
    static const jf_entry& entry()
    {
        static const jf_factory factory{sizeof(jf_factory),
                                        0,
                                        to_text("signaling-raw"),
                                        to_text(JF_SIGNALING_INTERFACE),
                                        to_text("1.0.0"),
                                        &Signaling::kMethods,
                                        &create,
                                        &destroy};
        static const jf_factory* const factories[] = {&factory};
        static const jf_entry entry{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, factories};
        return entry;
    }
    static kernel::Manifest manifest()
    {
        kernel::Manifest manifest;
        manifest.id = "signaling-raw";
        manifest.version = "1.0.0";
        manifest.abi = {JF_ABI_MAJOR, JF_ABI_MINOR};
        manifest.interfaces = {JF_SIGNALING_INTERFACE};
        return manifest;
    }

private:
    static Status create(const jf_host* host, jf_text config, void** self, jf_error* error)
    {
        return guarded(error, [&] {
            Signaling* made = new RawSignaling(Host(host), view(config));
            *self = made;
        });
    }
    static void destroy(void* self) { delete static_cast<Signaling*>(self); }
};

struct Nobody : kernel::CallListener {};

} // namespace

RawSipPeer::RawSipPeer(const std::filesystem::path& file)
{
    auto config = kernel::load_config(file);
    if (!config)
        throw Failure(config.error().status, config.error().text);
    for (auto& choice : config->choices) {
        if (choice.slot->name == "signaling")
            choice.use = "signaling-raw";
    }
    auto registry = kernel::Registry::scan(config->plugin_path);
    registry.add(Raw::manifest(), &Raw::entry());
    auto node = kernel::Node::create(*config, std::move(registry), nullptr);
    if (!node)
        throw Failure(node.error().status, node.error().text);
    node_ = std::move(*node);
    const auto online = node_->start();
    if (!online)
        throw Failure(online.error().status, online.error().text);
    account_ = online->account_id;
    Line& line = Line::instance();
    line.change([&] { line.cut = line.open = false; });
}

RawSipPeer::~RawSipPeer()
{
    node_->stop();
}

bool RawSipPeer::dial(const std::string& account)
{
    Line& line = Line::instance();
    line.change([&] {
        line.cut = false;
        line.heard.clear();
    });
    node_->call(account, {"", "null", true, false}, std::make_shared<Nobody>());
    return line.wait([&] { return line.open; }, std::chrono::seconds(10));
}

bool RawSipPeer::say(const std::string& bytes, std::size_t piece)
{
    Line& line = Line::instance();
    for (std::size_t at = 0; at < bytes.size();) {
        const std::string_view next = std::string_view(bytes).substr(at, piece);
        Status sent = JF_OK;
        line.change([&] { sent = line.open && !line.cut ? line.path.send(as_bytes(next)) : JF_CLOSED; });
        if (sent == JF_OK)
            at += next.size();
        else if (sent != JF_WOULD_BLOCK)
            return false;
        else
            line.wait([] { return false; }, std::chrono::milliseconds(1)); // it may have become writable before
    }
    return true;
}

bool RawSipPeer::is_cut_off(std::chrono::milliseconds limit)
{
    Line& line = Line::instance();
    return line.wait([&] { return line.cut || !line.open; }, limit);
}

bool RawSipPeer::hears(const std::string& text, std::chrono::milliseconds limit)
{
    Line& line = Line::instance();
    return line.wait([&] { return line.heard.find(text) != std::string::npos; }, limit);
}

std::string RawSipPeer::heard() const
{
    Line& line = Line::instance();
    const std::lock_guard lock(line.mutex);
    return line.heard;
}

} // namespace scenarios
