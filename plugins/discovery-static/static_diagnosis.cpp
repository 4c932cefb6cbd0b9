// Why are listed peers not found? See static_diagnosis.hpp.
#include "static_diagnosis.hpp"

#include "connection.hpp"

#include <shared/asio/io_thread.hpp>

#include <asio/connect.hpp>
#include <asio/post.hpp>

#include <nlohmann/json.hpp>

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>

namespace discovery_static {

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using jackfield::Host;
using jackfield::Nanoseconds;
using jackfield::Verdict;

constexpr Nanoseconds kForWords = 100ms; // of the limit
constexpr Nanoseconds kPatience = 5s;    // for one address; a call gives a connection three

std::vector<asio::ip::address> own_addresses()
{
    std::vector<asio::ip::address> addresses;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0)
        return addresses;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET) {
            addresses.emplace_back(
                asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr)));
        } else if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET6) {
            asio::ip::address_v6::bytes_type bytes;
            std::copy_n(reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr.s6_addr, bytes.size(),
                        bytes.begin());
            addresses.emplace_back(asio::ip::address_v6(bytes));
        }
    }
    ::freeifaddrs(all);
    return addresses;
}

/// We listen there ourselves, on one of our addresses or on all of them.
bool is_our_own(const Options& options, const tcp::endpoint& endpoint)
{
    const auto [host, port] = split(options.listen);
    asio::error_code wrong;
    const auto listening = asio::ip::make_address(host, wrong);
    if (wrong || port != std::to_string(endpoint.port()))
        return false;
    const auto own = own_addresses();
    const bool here = std::ranges::find(own, endpoint.address()) != own.end();
    return here && (listening.is_unspecified() || listening == endpoint.address());
}

/// One peer of the list. On the thread of its sockets. That somebody is not there now is no fault of anybody's; a name
/// or an address that leads to nobody or to ourselves is one of the list.
class Visit : public std::enable_shared_from_this<Visit> {
public:
    Visit(asio::io_context& context, const Options& options, std::string account, std::string address,
          std::string check, const jackfield::DiagnosisReport& report, std::function<void()> done)
        : options_(options),
          account_(std::move(account)),
          address_(std::move(address)),
          check_(std::move(check)),
          report_(report),
          done_(std::move(done)),
          resolver_(context),
          socket_(context),
          limit_(context)
    {}

    void start(Nanoseconds limit)
    {
        limit_.expires_after(limit);
        limit_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
            if (!cancelled)
                self->in_vain();
        });
        const auto [host, port] = split(address_);
        resolver_.async_resolve(host, port,
                                [self = shared_from_this()](asio::error_code failed, const auto& endpoints) {
                                    self->resolved(failed, endpoints);
                                });
    }

    void stop()
    {
        over_ = true;
        limit_.cancel();
        resolver_.cancel();
        asio::error_code ignored;
        socket_.close(ignored);
        if (connection_)
            connection_->close();
    }

private:
    void resolved(asio::error_code failed, const tcp::resolver::results_type& endpoints)
    {
        if (over_)
            return;
        if (failed)
            return tell(Verdict::problem, "The name in " + address_ + " does not resolve: " + failed.message(),
                        "correct the name in \"peers\", or write the peer's numeric address");
        stage_ = "does not answer";
        for (const auto& one : endpoints) {
            if (is_our_own(options_, one.endpoint()))
                return tell(Verdict::problem,
                            "The address " + address_ + " is our own: what is sent to that peer comes back to us",
                            "write the address of the peer's machine, or another port in \"listen\" if both run here");
        }
        asio::async_connect(socket_, endpoints,
                            [self = shared_from_this()](asio::error_code refused, const tcp::endpoint& where) {
                                self->connected(refused, where);
                            });
    }

    void connected(asio::error_code failed, const tcp::endpoint& where)
    {
        if (over_)
            return;
        if (failed == asio::error::connection_refused)
            return tell(Verdict::note, "Nobody listens at " + address_ + ": the connection is refused",
                        "look whether \"jackfield listen\" runs there with this discovery, and at which port "
                        "(\"listen\")");
        if (failed)
            return tell(Verdict::note, address_ + " cannot be reached: " + failed.message(),
                        "check the address, and whether there is a route to its network");
        stage_ = "accepts a connection and says nothing that we understand";
        connection_ =
            std::make_shared<Connection>(std::move(socket_), text_of(where),
                                         Connection::Events{[weak = weak_from_this()](Connection&, const Frame& frame) {
                                                                if (const auto self = weak.lock())
                                                                    self->answered(frame);
                                                            },
                                                            [weak = weak_from_this()](Connection&) {
                                                                if (const auto self = weak.lock())
                                                                    self->in_vain();
                                                            }});
        connection_->start();
        connection_->send({FrameType::get, account_, {}});
    }

    void answered(const Frame& frame)
    {
        if (over_ || frame.key != account_)
            return;
        if (frame.type == FrameType::value)
            return tell(Verdict::ok, address_ + " answers, and the account is there", "");
        if (frame.type == FrameType::end)
            tell(Verdict::note, address_ + " answers, and does not know the account " + account_.substr(0, 16) + "...",
                 "compare the account with what \"jackfield id\" prints there; if it is right, nobody has announced it "
                 "yet: \"jackfield listen\" does");
    }

    void in_vain()
    {
        const std::string stage = stage_;
        if (stage == "does not answer")
            tell(Verdict::note, address_ + " does not answer",
                 "look whether that machine is on, and for a firewall that drops what comes to this port, there or on "
                 "the way");
        else if (stage == "resolves")
            tell(Verdict::problem, "The name in " + address_ + " is not resolved in time",
                 "look at the name server of this machine, or write the peer's numeric address");
        else
            tell(Verdict::problem, address_ + " " + stage,
                 "something else than discovery-static may listen at that port, or it has too many connections of "
                 "ours: correct the port");
    }

    void tell(Verdict verdict, std::string sentence, std::string advice)
    {
        if (over_)
            return;
        const nlohmann::json details{{"address", address_}, {"account", account_}};
        report_.add({check_, verdict, std::move(sentence), std::move(advice), details.dump()});
        stop();
        done_();
    }

    const Options& options_;
    const std::string account_;
    const std::string address_;
    const std::string check_;
    const jackfield::DiagnosisReport& report_;
    const std::function<void()> done_;
    tcp::resolver resolver_;
    tcp::socket socket_;
    asio::steady_timer limit_;
    std::shared_ptr<Connection> connection_;
    const char* stage_ = "resolves";
    bool over_ = false;
};

class Session final : public jackfield::DiagnosisSession {
public:
    Session(Host host, const Options& options, Nanoseconds limit, jf_diagnosis_listener listener)
        : report_(host, listener), waiting_(options.peers.size())
    {
        if (options.peers.empty()) {
            report_.add({"address", Verdict::skipped, "No peer is listed: others can call us, and we nobody this way",
                         "write whom to call into \"peers\" of discovery-static"});
            report_.finish();
            return;
        }
        const Nanoseconds patience = std::min(std::max(limit - kForWords, limit / 2), kPatience);
        for (const auto& [account, address] : options.peers) {
            visits_.push_back(std::make_shared<Visit>(thread_.context(), options, account, address,
                                                      "address/" + std::to_string(visits_.size()), report_,
                                                      [this] { one_done(); }));
        }
        asio::post(thread_.context(), [visits = visits_, patience] {
            for (const auto& visit : visits)
                visit->start(patience);
        });
    }
    ~Session() override
    {
        asio::post(thread_.context(), [visits = std::move(visits_)] {
            for (const auto& visit : visits)
                visit->stop();
        });
    }

private:
    void one_done() // on the thread
    {
        if (--waiting_ == 0)
            report_.finish();
    }

    jackfield::DiagnosisReport report_;
    std::size_t waiting_; // the thread's, from its first task on
    std::vector<std::shared_ptr<Visit>> visits_;
    shared_asio::IoThread thread_; // ends first
};

} // namespace

std::unique_ptr<jackfield::DiagnosisSession> StaticDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    return std::make_unique<Session>(host_, options_, limit, listener);
}

} // namespace discovery_static
