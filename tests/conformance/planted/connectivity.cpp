// Connectivity inside one process: two sessions that know each other's ufrag are joined by links in memory.
//
// Threads: control; paths have their links' threads. Lifetime: a link lives as long as one of its two sessions.
#include "planted.hpp"

#include <jackfield/connectivity.hpp>
#include <jackfield/plugin.hpp>
#include <jackfield/testing/memory_link.hpp>

#include <map>
#include <sstream>

namespace {

using namespace jackfield;
using planted::has;

/// One end of a link, as a path of its session.
class LinkEnd final : public PathBase {
public:
    LinkEnd(std::shared_ptr<testing::MemoryLink> link, int end) : link_(std::move(link)), path_(link_->path(end)) {}

    jf_path_info describe() const noexcept override { return path_.describe(); }
    void open(jf_path_receiver receiver) override
    {
        jf_error error = no_error();
        check(path_.raw().methods->open(path_.raw().self, receiver, &error), error);
    }
    Status send(std::span<const jf_bytes> parts) noexcept override { return path_.send(parts); }
    void close() noexcept override { path_.close(); }

private:
    std::shared_ptr<testing::MemoryLink> link_;
    Path path_;
};

class Session;
std::map<std::string, Session*> sessions; // by ufrag; control

class Session final : public ConnectivitySession {
public:
    Session(Host host, const jf_connectivity_options& options, ConnectivityListener listener)
        : scope_(host),
          kind_(options.kind),
          components_(options.component_count),
          listener_(listener),
          timer_(host),
          ufrag_(std::to_string(host.random_number() | 1U << 16)),
          pwd_(std::to_string(host.random_number()) + "0123456789abcdefghijkl")
    {
        if (has("JF-CONN-01"))
            pwd_ = "0123456789abcdefghijkl";
        sessions[ufrag_] = this;
    }
    ~Session() override
    {
        sessions.erase(ufrag_);
        for (const auto& end : ends_)
            end->close();
    }

    void gather() override
    {
        scope_.post([this] { listener_.gathered(); });
    }
    std::string local_description() override
    {
        return ufrag_ + "\n" + pwd_ + "\n1 1 UDP 2130706431 127.0.0.1 9 typ host\n";
    }
    void set_remote(std::string_view description) override
    {
        std::istringstream lines{std::string(description)};
        std::string remote;
        std::string pwd;
        std::getline(lines, remote);
        std::getline(lines, pwd);
        const bool whole = remote.find(' ') == std::string::npos && remote.size() >= 4 && remote.size() <= 256;
        if ((!whole || pwd.size() < 22) && !has("JF-CONN-03"))
            throw Failure(JF_BAD_INPUT, "no credentials");
        for (std::string line; has("JF-CONN-04") && std::getline(lines, line);) {
            if (line.find(" typ ") == std::string::npos)
                throw Failure(JF_BAD_INPUT, "not a candidate");
        }
        remote_ = remote;
        if (!has("JF-CONN-05"))
            timer_.start(std::chrono::seconds(10), [this] { listener_.failed(JF_TIMEOUT, "nobody answered"); });
        const auto peer = sessions.find(remote_);
        if (peer != sessions.end() && peer->second->remote_ == ufrag_)
            join(*peer->second);
    }
    void add_remote_candidate(std::string_view) override {}
    void end_of_candidates() override {}
    std::string tried() override
    {
        return has("JF-CONN-06") ? R"({"pairs": [{"transport": "udp", "result": "perhaps"}]})" : R"({"pairs": []})";
    }
    jf_path_info send_early(std::uint32_t, std::span<const jf_bytes> datagrams) override
    {
        if (kind_ == JF_STREAM)
            throw Failure(JF_UNSUPPORTED, "nothing goes early over a stream");
        for (const auto& datagram : datagrams) {
            if (datagram.size > 1200)
                throw Failure(JF_BAD_INPUT, "too large");
        }
        if (early_ + datagrams.size() > JF_EARLY_DATAGRAMS && !has("JF-CONN-07"))
            throw Failure(JF_EXHAUSTED, "too many");
        early_ += datagrams.size(); // all of them get lost
        return {sizeof(jf_path_info), JF_DATAGRAM, 1200, 0, 0, 0};
    }

private:
    void join(Session& peer)
    {
        for (std::uint32_t i = 0; i < std::min(components_, peer.components_); ++i) {
            const auto link = std::make_shared<testing::MemoryLink>(kind_, 1200, kind_ == JF_STREAM ? 64 : 4096);
            ends_.push_back(std::make_unique<LinkEnd>(link, 0));
            peer.ends_.push_back(std::make_unique<LinkEnd>(link, 1));
        }
        tell();
        peer.tell();
    }
    void tell()
    {
        timer_.cancel();
        scope_.post([this] {
            for (std::uint32_t i = 0; i < ends_.size(); ++i)
                listener_.component_ready(i + 1, *ends_[i]);
            if (has("JF-CONN-02"))
                listener_.component_ready(1, *ends_[0]);
        });
    }

    Scope scope_;
    std::uint32_t kind_;
    std::uint32_t components_;
    ConnectivityListener listener_;
    Timer timer_;
    std::string ufrag_;
    std::string pwd_;
    std::string remote_;
    std::size_t early_ = 0;
    std::vector<std::unique_ptr<LinkEnd>> ends_;
};

class Near final : public Connectivity {
public:
    Near(Host host, std::string_view config_json) : Connectivity(host) { planted::look_at(config_json); }
    std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& options,
                                              ConnectivityListener listener) override
    {
        return std::make_unique<Session>(host_, options, listener);
    }
};

} // namespace

JF_PLUGIN(Near)
