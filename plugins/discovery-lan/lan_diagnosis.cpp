// Why is nobody found on the local network? See lan_diagnosis.hpp.
#include "lan_diagnosis.hpp"

#include "exchange.hpp"
#include "group.hpp"
#include "lan_findings.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <list>
#include <thread>

namespace discovery_lan {

namespace {

using namespace std::chrono_literals;
using asio::ip::udp;
using jackfield::ByteView;
using jackfield::Nanoseconds;

constexpr Nanoseconds kForWords = 100ms;                               // of the limit
constexpr std::chrono::milliseconds kPauses[] = {150ms, 300ms, 600ms}; // datagrams get lost
constexpr std::size_t kMostNeighbours = 32;
constexpr std::size_t kMostInterfaces = 16;

/// All of it on the thread of its context.
class Look : public std::enable_shared_from_this<Look> {
public:
    using Done = std::function<void(const LanFacts& facts)>;

    Look(asio::io_context& context, const Options& options, Done done)
        : context_(context),
          options_(options),
          done_(std::move(done)),
          group_(context, udp::v4()),
          pause_(context),
          limit_(context)
    {}

    void start(Nanoseconds limit)
    {
        facts_.port = options_.port;
        asio::error_code failed;
        open_group(group_, options_.port, failed);
        if (failed) {
            facts_.port_problem = failed.message();
            return conclude();
        }
        for (const auto& one : wanted())
            open(one);
        limit_.expires_after(limit);
        limit_.async_wait([weak = weak_from_this()](asio::error_code cancelled) {
            if (const auto self = weak.lock(); self && !cancelled)
                self->conclude();
        });
        hear(group_, group_heard_, group_from_);
        ask(0);
    }

private:
    struct Mouth {
        Mouth(asio::io_context& context, std::size_t of) : interface(of), socket(context, udp::v4()) {}
        std::size_t interface;
        udp::socket socket;
        std::array<std::uint8_t, 512> heard{};
        udp::endpoint from;
    };

    std::vector<InterfaceAddress> wanted() const
    {
        if (options_.addresses.empty())
            return addresses_of_interfaces();
        std::vector<InterfaceAddress> named;
        const auto all = all_addresses();
        for (const auto& text : options_.addresses) {
            const auto address = asio::ip::make_address_v4(text);
            const auto found = std::ranges::find(all, address, &InterfaceAddress::address);
            named.push_back({found == all.end() ? "" : found->name, address});
        }
        return named;
    }

    void open(const InterfaceAddress& at)
    {
        if (facts_.interfaces.size() == kMostInterfaces)
            return;
        facts_.interfaces.push_back({at.name, at.address.to_string()});
        Mouth& mouth = mouths_.emplace_back(context_, facts_.interfaces.size() - 1);
        asio::error_code failed;
        open_mouth(mouth.socket, group_, at.address, failed);
        if (failed) {
            facts_.interfaces.back().cannot_be_used = failed.message();
            mouths_.pop_back();
            return;
        }
        hear(mouth.socket, mouth.heard, mouth.from);
    }

    void ask(std::size_t round)
    {
        if (round == std::size(kPauses) || mouths_.empty()) {
            asked_ = true;
            return settle();
        }
        const auto bytes = write({Kind::ask, 0, kAnybody});
        for (Mouth& mouth : mouths_) {
            asio::error_code failed;
            mouth.socket.send_to(asio::buffer(bytes), {kGroup, options_.port}, 0, failed);
            facts_.interfaces[mouth.interface].cannot_send = failed ? failed.message() : "";
        }
        pause_.expires_after(kPauses[round]);
        pause_.async_wait([weak = weak_from_this(), round](asio::error_code cancelled) {
            if (const auto self = weak.lock(); self && !cancelled)
                self->ask(round + 1);
        });
    }

    void hear(udp::socket& socket, std::array<std::uint8_t, 512>& heard, udp::endpoint& from)
    {
        socket.async_receive_from(
            asio::buffer(heard), from,
            [weak = weak_from_this(), &socket, &heard, &from](asio::error_code failed, std::size_t size) {
                const auto self = weak.lock();
                if (!self || self->over_ || failed == asio::error::operation_aborted)
                    return;
                if (!failed)
                    self->take({heard.data(), size}, from);
                self->hear(socket, heard, from);
            });
    }

    void take(ByteView bytes, const udp::endpoint& from)
    {
        const auto datagram = read(bytes);
        if (!datagram)
            return;
        for (const Mouth& mouth : mouths_) {
            asio::error_code gone;
            if (mouth.socket.local_endpoint(gone) == from)
                facts_.interfaces[mouth.interface].heard_itself = true;
        }
        if (std::ranges::find(own_, from.address().to_v4(), &InterfaceAddress::address) != own_.end())
            return; // another program of this machine
        NeighbourFacts* neighbour = known(from.address().to_string());
        const bool answers = datagram->kind == Kind::have && datagram->key == kAnybody;
        if (neighbour == nullptr || !answers || std::exchange(neighbour->answered, true))
            return;
        ++running_;
        fetch(context_, {from.address(), datagram->port}, kAnybody,
              [weak = weak_from_this(), address = neighbour->address](const std::optional<jackfield::Bytes>& value) {
                  const auto self = weak.lock();
                  if (!self || self->over_)
                      return;
                  self->known(address)->tcp = value.has_value();
                  --self->running_;
                  self->settle();
              });
    }

    NeighbourFacts* known(const std::string& address)
    {
        const auto found = std::ranges::find(facts_.neighbours, address, &NeighbourFacts::address);
        if (found != facts_.neighbours.end())
            return &*found;
        if (facts_.neighbours.size() == kMostNeighbours)
            return nullptr;
        return &facts_.neighbours.emplace_back(NeighbourFacts{address});
    }

    void settle()
    {
        if (asked_ && running_ == 0)
            conclude();
    }

    void conclude()
    {
        if (std::exchange(over_, true))
            return;
        limit_.cancel();
        pause_.cancel();
        done_(facts_);
    }

    asio::io_context& context_;
    const Options& options_;
    const Done done_;
    udp::socket group_;
    std::array<std::uint8_t, 512> group_heard_{};
    udp::endpoint group_from_;
    const std::vector<InterfaceAddress> own_ = all_addresses();
    std::list<Mouth> mouths_;
    asio::steady_timer pause_;
    asio::steady_timer limit_;
    LanFacts facts_;
    std::size_t running_ = 0; // connections to neighbours
    bool asked_ = false;
    bool over_ = false;
};

class Session final : public jackfield::DiagnosisSession {
public:
    Session(jackfield::Host host, const Options& options, Nanoseconds limit, jf_diagnosis_listener listener)
        : report_(host, listener),
          work_(asio::make_work_guard(context_)),
          look_(std::make_shared<Look>(context_, options, [this](const LanFacts& facts) {
              for (auto& finding : findings_of(facts))
                  report_.add(std::move(finding));
              report_.finish();
          }))
    {
        asio::post(context_, [look = look_.get(), limit] { look->start(std::max(limit - kForWords, limit / 2)); });
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Session() override
    {
        context_.stop();
        thread_.join();
        look_.reset(); // what is under way finds nobody, and goes with the context
    }

private:
    jackfield::DiagnosisReport report_;
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::shared_ptr<Look> look_;
    std::thread thread_;
};

} // namespace

std::unique_ptr<jackfield::DiagnosisSession> LanDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    return std::make_unique<Session>(host_, options_, limit, listener);
}

} // namespace discovery_lan
