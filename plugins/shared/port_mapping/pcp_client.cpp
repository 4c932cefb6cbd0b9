// PCP (RFC 6887) and NAT-PMP (RFC 6886), spoken.
//
// Threads and lifetime: see client.hpp.
#include "client.hpp"
#include "router_socket.hpp"

#include <asio/post.hpp>

#include <algorithm>

namespace shared_port_mapping {

namespace {

std::chrono::seconds believed(std::uint32_t lifetime_s)
{
    return std::min(std::chrono::seconds(lifetime_s), kMaxLifetime);
}

/// What both of them do the same way.
class DatagramClient : public Client, public std::enable_shared_from_this<DatagramClient> {
public:
    DatagramClient(asio::io_context& context, const RouterPlace& place) : context_(context), place_(place)
    {
        if (place.router)
            socket_ = std::make_shared<RouterSocket>(context, place);
    }

    void look(Looked looked) override
    {
        if (socket_ != nullptr)
            return ask_whether(std::move(looked));
        asio::post(context_, [looked = std::move(looked)] { looked("the system knows no router"); });
    }

    void close() override
    {
        on_restart = nullptr;
        if (socket_ != nullptr)
            socket_->close();
    }

protected:
    virtual void ask_whether(Looked looked) = 0;

    void heard_epoch(std::uint32_t epoch_s)
    {
        if (epoch_.has_restarted(epoch_s, Epoch::Clock::now()) && on_restart)
            asio::post(context_, [self = shared_from_this()] {
                if (self->on_restart)
                    self->on_restart();
            });
    }

    void later(Looked looked, std::string problem)
    {
        asio::post(context_, [looked = std::move(looked), problem = std::move(problem)] { looked(problem); });
    }
    void later(Mapped mapped, Outcome outcome)
    {
        asio::post(context_, [mapped = std::move(mapped), outcome = std::move(outcome)] { mapped(outcome); });
    }

    asio::io_context& context_;
    RouterPlace place_;
    std::shared_ptr<RouterSocket> socket_;
    Epoch epoch_;
};

class PcpClient final : public DatagramClient {
public:
    using DatagramClient::DatagramClient;

    Protocol protocol() const override { return Protocol::pcp; }

    void ask_whether(Looked looked) override
    {
        socket_->ask(
            write_pcp_announce(place_.local),
            [this, looked](ByteView datagram) {
                const auto answer = read_pcp(datagram);
                if (!answer) {
                    if (!speaks_nat_pmp(datagram))
                        return false;
                    later(looked, "the router speaks NAT-PMP alone");
                    return true;
                }
                if (answer->version != 2) {
                    later(looked, "the router speaks version " + std::to_string(answer->version));
                    return true;
                }
                heard_epoch(answer->epoch_s);
                // ADDRESS_MISMATCH: another NAT stands between (RFC 6887 section 6). An opcode that it does not know
                // does not say that it knows no mappings.
                const bool misplaced = answer->result == 12;
                later(looked, misplaced ? pcp_result_text(answer->result) : std::string());
                return true;
            },
            looked);
    }

    void map(const Request& request, Mapped mapped) override
    {
        say(request, static_cast<std::uint32_t>(kLifetime.count()), std::move(mapped));
    }

    /// Once a pinhole has been renewed, miniupnpd (2.3.1) does not believe any more that it is ours to close, and yet
    /// it renews it: then for the shortest time there is.
    void unmap(const Request& request, Done done) override
    {
        say(request, 0, [this, self = shared_from_this(), request, done = std::move(done)](const Outcome& outcome) {
            if (outcome || !request.wanted.is_pinhole())
                return done();
            say(request, kShortest, [done](const Outcome&) { done(); });
        });
    }

    void announced(ByteView datagram) override
    {
        if (const auto answer = read_pcp(datagram); answer && answer->version == 2 && answer->opcode == kPcpAnnounce)
            heard_epoch(answer->epoch_s);
    }

private:
    static constexpr std::uint32_t kShortest = 1; // second; the router knows how long that is at least

    static bool speaks_nat_pmp(ByteView datagram)
    {
        return datagram.size() >= 4 && datagram.size() <= kMaxPcpBytes && datagram[0] == 0 && datagram[1] >= 0x80;
    }

    void say(const Request& request, std::uint32_t lifetime_s, Mapped mapped)
    {
        socket_->ask(
            write_pcp_map(place_.local, request.nonce, request.wanted, request.external, lifetime_s),
            [this, request, mapped, lifetime_s](ByteView datagram) {
                const auto answer = read_pcp(datagram);
                if (!answer || answer->opcode != kPcpMap || answer->version != 2 || !answer->map)
                    return false;
                const PcpMapAnswer& map = *answer->map;
                if (map.nonce != request.nonce || map.internal_port != request.wanted.internal.port ||
                    map.transport != static_cast<std::uint8_t>(request.wanted.transport))
                    return false; // another's (RFC 6887 section 11.4)
                heard_epoch(answer->epoch_s);
                if (answer->result != 0)
                    later(mapped, std::unexpected(pcp_result_text(answer->result)));
                else if (lifetime_s != 0 && answer->lifetime_s == 0)
                    later(mapped, std::unexpected("a mapping of no time was granted"));
                else
                    later(mapped, Granted{Protocol::pcp, map.external, believed(answer->lifetime_s)});
                return true;
            },
            [mapped](std::string why) { mapped(std::unexpected(std::move(why))); });
    }
};

class NatPmpClient final : public DatagramClient {
public:
    using DatagramClient::DatagramClient;

    Protocol protocol() const override { return Protocol::nat_pmp; }

    void ask_whether(Looked looked) override
    {
        ask_address([this, looked](const std::string& problem) { later(looked, problem); }, looked);
    }

    /// Its answers to a mapping do not name the outside, which may have changed meanwhile: asked again each time.
    void map(const Request& request, Mapped mapped) override
    {
        const auto self = std::static_pointer_cast<NatPmpClient>(shared_from_this());
        const auto refuse = [mapped](std::string why) { mapped(std::unexpected(std::move(why))); };
        ask_address(
            [this, self, request, mapped](const std::string& problem) {
                if (problem.empty())
                    say(request, static_cast<std::uint32_t>(kLifetime.count()), mapped);
                else
                    later(mapped, std::unexpected(problem));
            },
            refuse);
    }

    void unmap(const Request& request, Done done) override
    {
        say(request, 0, [done = std::move(done)](const Outcome&) { done(); });
    }

    void announced(ByteView datagram) override
    {
        if (const auto answer = read_nat_pmp(datagram); answer && answer->opcode == 0)
            heard_epoch(answer->epoch_s);
    }

private:
    /// `known` is called where the answer is taken.
    void ask_address(const std::function<void(const std::string& problem)>& known, RouterSocket::Fail fail)
    {
        socket_->ask(
            write_nat_pmp_address(),
            [this, known](ByteView datagram) {
                if (datagram.size() >= 24 && datagram[0] == 2) {
                    known("the router speaks PCP alone");
                    return true;
                }
                const auto answer = read_nat_pmp(datagram);
                if (!answer || answer->opcode != 0)
                    return false;
                heard_epoch(answer->epoch_s);
                if (answer->external)
                    outside_ = *answer->external;
                known(answer->result == 0 ? std::string() : nat_pmp_result_text(answer->result));
                return true;
            },
            std::move(fail));
    }

    /// To take a mapping back, nothing is suggested (RFC 6886 section 3.4).
    void say(const Request& request, std::uint32_t lifetime_s, Mapped mapped)
    {
        const std::uint16_t suggested = lifetime_s == 0 ? 0 : request.external.port;
        socket_->ask(
            write_nat_pmp_map(request.wanted, suggested, lifetime_s),
            [this, request, mapped, lifetime_s](ByteView datagram) {
                const auto answer = read_nat_pmp(datagram);
                const int opcode = request.wanted.transport == Transport::udp ? 1 : 2;
                if (!answer || answer->opcode != opcode ||
                    (answer->result == 0 && answer->internal_port != request.wanted.internal.port))
                    return false;
                heard_epoch(answer->epoch_s);
                if (answer->result != 0)
                    later(mapped, std::unexpected(nat_pmp_result_text(answer->result)));
                else if (lifetime_s != 0 && answer->lifetime_s == 0)
                    later(mapped, std::unexpected("a mapping of no time was granted"));
                else
                    later(mapped,
                          Granted{Protocol::nat_pmp, {outside_, answer->external_port}, believed(answer->lifetime_s)});
                return true;
            },
            [mapped](std::string why) { mapped(std::unexpected(std::move(why))); });
    }

    IpAddress outside_;
};

} // namespace

std::shared_ptr<Client> make_pcp_client(asio::io_context& context, const RouterPlace& place)
{
    return std::make_shared<PcpClient>(context, place);
}

std::shared_ptr<Client> make_nat_pmp_client(asio::io_context& context, const RouterPlace& place)
{
    return std::make_shared<NatPmpClient>(context, place);
}

} // namespace shared_port_mapping
