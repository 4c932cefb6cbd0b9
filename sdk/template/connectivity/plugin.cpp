// @ID@: a connectivity. Paths over UDP, straight to the addresses that each end lists.
//
// Each component has a socket. A description is a name, a password and candidates (RFC 8839 section 5.1). Whoever has
// the peer's description asks at each of its addresses; who is asked with his own password answers, and remembers where
// the question came from. The controlling end takes the first address that answers, and says so. Greetings:
//
//     0xf0 (no first byte of DTLS, RTP or STUN: RFC 7983), word (1), number (4), the password of who is to read it
//
// States:   open -> gather -> set_remote -> component_ready, once each. Who falls silent, or never answers: failed,
// once. Threads:  the kernel's calls, the timer and the listener are on control. One thread for all sockets of the
// instance
//           reads; send comes on any thread. One lock over each component, never held while a receiver is called.
// Errors:   JF_BAD_INPUT for a description that is none, JF_TIMEOUT and JF_UNREACHABLE by `failed`. Lines that cannot
// be
//           used are skipped: later versions may say more than we know.
// Lifetime: the session owns its components, and these their sockets and paths; the instance owns the thread.
#include <jackfield/connectivity.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <sstream>
#include <thread>

namespace {

using namespace std::chrono_literals;
using jackfield::ByteView;
using jackfield::Failure;
using jackfield::Nanoseconds;
using jackfield::Status;
using nlohmann::json;

constexpr std::uint32_t kLargestDatagram = 1400;
constexpr std::size_t kLargestDescription = 64 * 1024;
constexpr std::size_t kMostAddresses = 64; // of the peer, for one component
constexpr std::uint8_t kGreeting = 0xf0;
constexpr Nanoseconds kAskEvery = 50ms; // until there is an answer
constexpr Nanoseconds kLookEvery = 1s;  // afterwards: is it still there?
constexpr Nanoseconds kPatience = 10s;  // with one that was there (consent, RFC 7675)

enum Word : std::uint8_t {
    ask = 1,
    answer,
    choose
}; // choose: an ask of the controlling end, which has made up its mind

// --- addresses and descriptions -------------------------------------------------------------------------------------

std::string text_of(const sockaddr_in& address)
{
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return text.data();
}
bool same(const sockaddr_in& one, const sockaddr_in& other)
{
    return one.sin_port == other.sin_port && one.sin_addr.s_addr == other.sin_addr.s_addr;
}
bool read_address(const std::string& text, sockaddr_in& address)
{
    address = {};
    address.sin_family = AF_INET;
    return inet_pton(AF_INET, text.c_str(), &address.sin_addr) == 1;
}

/// Of all interfaces that are up, but for the loopback, at which nobody else finds us.
std::vector<std::string> our_addresses()
{
    std::vector<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0)
        return found;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        const bool usable = each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET &&
                            (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
        if (usable && found.size() < 16)
            found.push_back(text_of(*reinterpret_cast<const sockaddr_in*>(each->ifa_addr)));
    }
    freeifaddrs(all);
    return found;
}

struct Candidate {
    unsigned long component = 0;
    sockaddr_in address{};
    std::string line;
};

/// "H1 1 UDP 2130706431 192.0.2.7 4000 typ host". Nothing if we cannot use it.
std::optional<Candidate> parsed(const std::string& line)
{
    std::istringstream words(line);
    std::string foundation;
    std::string transport;
    std::string ip;
    unsigned long priority = 0;
    unsigned long port = 0;
    Candidate made;
    made.line = line;
    words >> foundation >> made.component >> transport >> priority >> ip >> port;
    const bool udp = transport == "UDP" || transport == "udp";
    if (!words || !udp || port == 0 || port > 65535 || !read_address(ip, made.address))
        return std::nullopt;
    const std::uint32_t number = ntohl(made.address.sin_addr.s_addr);
    if (number == 0 || number >> 28 >= 14) // nobody, or a group
        return std::nullopt;
    made.address.sin_port = htons(static_cast<std::uint16_t>(port));
    return made;
}

/// ice-char of RFC 8839 section 5.4.
bool good(const std::string& credential, std::size_t least)
{
    const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; };
    return credential.size() >= least && credential.size() <= 256 && std::ranges::all_of(credential, fits);
}

std::string made_up(const jackfield::Host& host, std::size_t size)
{
    std::string text;
    while (text.size() < size)
        text += "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[host.random_number() & 63];
    return text;
}

// --- one component --------------------------------------------------------------------------------------------------

struct Route {
    sockaddr_in address;
    std::string line;         // how the peer calls it
    std::uint32_t number = 0; // of our last question
    std::int64_t asked_ns = 0;
    bool proven = false;   // it knows our password
    bool answered = false; // and what we sent there arrived: nobody is sent a stream that he did not ask for
    bool chosen = false;   // by the controlling end
};

/// A socket, what we know of the peer's addresses, and the path.
class Component final : public jackfield::PathBase {
public:
    /// What the session hears. On the reading thread, without a lock.
    using Ready = std::function<void(std::uint32_t component, std::string line, std::int64_t round_trip_ns)>;

    Component(jackfield::Host host, std::uint32_t number, bool controlling, std::string password, Ready ready)
        : host_(host),
          number_(number),
          controlling_(controlling),
          password_(std::move(password)),
          ready_(std::move(ready))
    {
        socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        socklen_t size = sizeof(any);
        const bool bound = socket_ >= 0 && bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof(any)) == 0 &&
                           getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size) == 0;
        if (!bound) {
            ::close(socket_);
            throw Failure(JF_EXHAUSTED, "no socket: the system gives us none");
        }
        port_ = ntohs(any.sin_port);
    }
    ~Component() override { ::close(socket_); }

    int socket() const { return socket_; }
    std::uint32_t number() const { return number_; }
    std::uint16_t port() const { return port_; }

    // Control:
    void set_password(const std::string& remote)
    {
        const std::lock_guard lock(mutex_);
        remote_password_ = remote;
    }
    void add(const Candidate& candidate)
    {
        const std::lock_guard lock(mutex_);
        if (Route* const route = meet(candidate.address))
            route->line = candidate.line;
    }
    /// Asks whoever is to be asked. Whether the peer is there: not yet, or for too long no more, or it is.
    enum class Look { nobody, silent, fine };
    Look look()
    {
        const std::lock_guard lock(mutex_);
        const std::int64_t now_ns = host_.now_ns();
        for (std::size_t i = 0; i < routes_.size(); ++i) {
            const bool late = now_ns - routes_[i].asked_ns >= kLookEvery.count();
            const bool due = !selected_ || (*selected_ == i && (!agreed_ || late));
            if (due && !remote_password_.empty())
                question(routes_[i]);
        }
        if (!agreed_)
            return Look::nobody;
        return now_ns - heard_ns_ > kPatience.count() ? Look::silent : Look::fine;
    }
    bool tried() const
    {
        const std::lock_guard lock(mutex_);
        return !routes_.empty();
    }

    // --- the path ---------------------------------------------------------------------------------------------------

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_DATAGRAM, kLargestDatagram, 28, 0, 0};
    }
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    void close() noexcept override { gate_.shut(); }

    /// A datagram that the system does not take now is lost, as on any network; JF_WOULD_BLOCK, with `writable` when
    /// poll says POLLOUT, would let who sends much know.
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (jackfield::total_size(parts) > kLargestDatagram)
            return JF_BAD_INPUT;
        std::array<iovec, 16> pieces{};
        std::size_t count = 0;
        for (const jf_bytes& part : parts) {
            if (part.size == 0)
                continue;
            if (count == pieces.size())
                return JF_BAD_INPUT;
            pieces[count++] = {const_cast<std::uint8_t*>(part.data), part.size};
        }
        const std::lock_guard lock(mutex_);
        if (gate_.over())
            return JF_CLOSED;
        if (!selected_)
            return JF_OK; // nobody is there: lost
        msghdr message{};
        message.msg_name = &routes_[*selected_].address;
        message.msg_namelen = sizeof(sockaddr_in);
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        static_cast<void>(sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
        return JF_OK;
    }

    // --- the reading thread -----------------------------------------------------------------------------------------

    void read_all() noexcept
    {
        std::array<std::uint8_t, kLargestDatagram + 1> buffer;
        for (int i = 0; i < 32; ++i) { // then the others have their turn
            sockaddr_in from{};
            socklen_t size = sizeof(from);
            const ssize_t got = recvfrom(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                         reinterpret_cast<sockaddr*>(&from), &size);
            if (got < 0)
                return;
            if (got == 0 || static_cast<std::size_t>(got) > kLargestDatagram)
                continue;
            const ByteView bytes(buffer.data(), static_cast<std::size_t>(got));
            const std::int64_t now_ns = host_.now_ns();
            if (bytes[0] == kGreeting)
                greeted(bytes, from, now_ns);
            else if (is_peer(from))
                gate_.deliver(jackfield::make_packet(bytes, now_ns)); // a stranger's are nobody's
        }
    }

private:
    bool is_peer(const sockaddr_in& from)
    {
        const std::lock_guard lock(mutex_);
        return std::ranges::any_of(routes_, [&](const Route& each) { return each.proven && same(each.address, from); });
    }

    void greeted(ByteView bytes, const sockaddr_in& from, std::int64_t now_ns)
    {
        if (bytes.size() < 6 || jackfield::as_text(bytes.subspan(6)) != password_)
            return; // anybody can send here; who does not know the password is not answered
        std::uint32_t number = 0;
        std::memcpy(&number, &bytes[2], sizeof(number));
        std::string line;
        std::int64_t round_trip_ns = 0;
        {
            const std::lock_guard lock(mutex_);
            Route* const route = meet(from);
            if (route == nullptr)
                return;
            route->proven = true;
            heard_ns_ = now_ns;
            const bool answered = bytes[1] == answer && route->number == number && route->asked_ns != 0;
            route->answered = route->answered || answered;
            route->chosen = route->chosen || (bytes[1] == choose && !controlling_);
            if (bytes[1] != answer)
                say(*route, answer, number);
            if (selected_ || !route->answered || !(controlling_ || route->chosen)) {
                agreed_ = agreed_ || (selected_ && answered); // it has heard our choice
                if (!route->answered && !controlling_ && bytes[1] != answer)
                    question(*route);
                return;
            }
            selected_ = static_cast<std::size_t>(route - routes_.data());
            agreed_ = !controlling_;
            round_trip_ns = answered ? now_ns - route->asked_ns : 0;
            line = route->line;
            route->number = 0;
            if (controlling_)
                question(*route); // the peer shall know at once
        }
        ready_(number_, line, round_trip_ns);
    }

    // With the lock held:
    Route* meet(const sockaddr_in& address)
    {
        const auto found =
            std::ranges::find_if(routes_, [&](const Route& each) { return same(each.address, address); });
        if (found != routes_.end())
            return &*found;
        if (routes_.size() == kMostAddresses)
            return nullptr;
        routes_.push_back({address, "P0 " + std::to_string(number_) + " UDP 1 " + text_of(address) + " " +
                                        std::to_string(ntohs(address.sin_port)) + " typ prflx"});
        return &routes_.back();
    }
    void question(Route& route)
    {
        if (route.number == 0 || agreed_) // else one is under way, and its answer shall count
            route.number = static_cast<std::uint32_t>(host_.random_number()) | 1U;
        route.asked_ns = host_.now_ns();
        say(route, controlling_ && selected_ ? choose : ask, route.number);
    }
    void say(const Route& route, Word word, std::uint32_t number) const
    {
        if (remote_password_.empty())
            return; // its description is on its way; it will ask again
        std::string bytes{static_cast<char>(kGreeting), static_cast<char>(word)};
        bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
        bytes += remote_password_;
        static_cast<void>(sendto(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                 reinterpret_cast<const sockaddr*>(&route.address), sizeof(route.address)));
    }

    jackfield::Host host_;
    const std::uint32_t number_;
    const bool controlling_;
    const std::string password_;
    Ready ready_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    jackfield::ReceiverGate gate_; // what a path promises to who opens it, kept by the SDK

    mutable std::mutex mutex_; // over these:
    std::string remote_password_;
    std::vector<Route> routes_;
    std::optional<std::size_t> selected_;
    bool agreed_ = false; // the peer has selected it, too
    std::int64_t heard_ns_ = 0;
};

/// One thread that sleeps until a datagram comes, for all components of an instance.
class Reader {
public:
    Reader() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    {
        if (wake_ < 0)
            throw Failure(JF_EXHAUSTED, "no descriptor to wake a thread with");
        thread_ = std::thread([this] { run(); });
    }
    ~Reader()
    {
        stop_ = true;
        wake();
        thread_.join();
        ::close(wake_);
    }

    void add(Component& component)
    {
        const std::lock_guard lock(mutex_);
        components_.push_back(&component);
        wake();
    }
    /// Afterwards nothing of it is called any more. A call that is under way is waited for.
    void remove(Component& component)
    {
        std::unique_lock lock(mutex_);
        std::erase(components_, &component);
        left_.wait(lock, [&] { return reading_ != &component; });
        wake();
    }

private:
    void wake() const
    {
        const std::uint64_t one = 1;
        static_cast<void>(!write(wake_, &one, sizeof(one)));
    }

    void run()
    {
        std::vector<pollfd> ears;
        while (!stop_) {
            ears.assign(1, {wake_, POLLIN, 0});
            {
                const std::lock_guard lock(mutex_);
                for (const Component* each : components_)
                    ears.push_back({each->socket(), POLLIN, 0});
            }
            if (poll(ears.data(), ears.size(), -1) < 0)
                continue;
            std::uint64_t ignored = 0;
            if (ears[0].revents != 0)
                static_cast<void>(!read(wake_, &ignored, sizeof(ignored)));
            for (std::size_t i = 1; i < ears.size(); ++i) {
                if (ears[i].revents != 0)
                    read_from(ears[i].fd);
            }
        }
    }
    void read_from(int socket)
    {
        {
            const std::lock_guard lock(mutex_);
            const auto found =
                std::ranges::find(components_, socket, [](const Component* each) { return each->socket(); });
            if (found == components_.end())
                return;
            reading_ = *found;
        }
        reading_->read_all(); // without the lock: it calls receivers
        const std::lock_guard lock(mutex_);
        reading_ = nullptr;
        left_.notify_all();
    }

    int wake_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable left_;
    std::vector<Component*> components_;
    Component* reading_ = nullptr; // changed by the thread alone, with the lock
    std::thread thread_;
};

// --- one session ----------------------------------------------------------------------------------------------------

struct Options {
    std::vector<std::string> addresses;
    Nanoseconds connect_timeout{};
};

class Session final : public jackfield::ConnectivitySession {
public:
    Session(jackfield::Host host, Reader& reader, const Options& options, const jf_connectivity_options& asked,
            jackfield::ConnectivityListener listener)
        : host_(host),
          reader_(reader),
          options_(options),
          controlling_(asked.role == JF_CONTROLLING),
          count_(asked.component_count),
          label_(jackfield::view(asked.label)),
          listener_(listener),
          name_(made_up(host, 8)),
          password_(made_up(host, 24))
    {}
    ~Session() override
    {
        scope_.end();
        timer_.cancel();
        for (const auto& component : components_) {
            component->close();
            reader_.remove(*component);
        }
    }

    /// What we know of ourselves is known at once. A server that is asked how we look from outside answers later: its
    /// candidates are told by local_candidate, and `gathered` comes after the last.
    void gather() override
    {
        if (!components_.empty())
            throw Failure(JF_BUSY, label_ + " has gathered already");
        for (std::uint32_t number = 1; number <= count_; ++number)
            components_.push_back(std::make_unique<Component>(
                host_, number, controlling_, password_,
                [this](std::uint32_t component, std::string line, std::int64_t round_trip_ns) {
                    scope_.post([this, component, line = std::move(line), round_trip_ns] {
                        ready(component, line, round_trip_ns);
                    });
                }));
        for (const auto& component : components_)
            reader_.add(*component);
        scope_.post([this] { listener_.gathered(); });
    }

    std::string local_description() override
    {
        std::string text = name_ + "\n" + password_ + "\n";
        for (const auto& component : components_)
            for (std::size_t i = 0; i < options_.addresses.size(); ++i)
                text += candidate(*component, i) + "\n";
        return text;
    }

    void set_remote(std::string_view description) override
    {
        if (description.size() > kLargestDescription)
            throw Failure(JF_BAD_INPUT, "a description of more than 64 KiB");
        std::istringstream lines{std::string(description)};
        std::string name;
        std::string password;
        std::getline(lines, name);
        std::getline(lines, password);
        if (name == "-" && password == "-")
            throw Failure(JF_UNSUPPORTED, "the peer has no credentials, and " JACKFIELD_PLUGIN_ID " cannot do without");
        if (!good(name, 4) || !good(password, 22))
            throw Failure(JF_BAD_INPUT, "the peer's description begins with no credentials");
        if (components_.empty())
            throw Failure(JF_BUSY, label_ + " has not gathered yet");
        for (const auto& component : components_)
            component->set_password(password);
        for (std::string line; std::getline(lines, line);)
            add_remote_candidate(line);
        if (!std::exchange(asking_, true)) {
            began_ns_ = host_.now_ns();
            look();
        }
    }

    void add_remote_candidate(std::string_view line) override
    {
        const auto candidate = parsed(std::string(line.substr(0, 512)));
        if (!candidate || candidate->component == 0 || candidate->component > components_.size())
            return host_.debug(label_ + ": a candidate of the peer is skipped");
        components_[candidate->component - 1]->add(*candidate);
    }

    void end_of_candidates() override {}

private:
    std::string candidate(const Component& component, std::size_t address) const
    {
        // RFC 8445 section 5.1.2.1: the type, then the address, then the component.
        const std::size_t priority = (126U << 24) + ((65535U - address) << 8) + 256U - component.number();
        return "H" + std::to_string(address) + " " + std::to_string(component.number()) + " UDP " +
               std::to_string(priority) + " " + options_.addresses[address] + " " + std::to_string(component.port()) +
               " typ host";
    }

    void ready(std::uint32_t number, const std::string& remote, std::int64_t round_trip_ns)
    {
        if (failed_)
            return;
        Component& component = *components_[number - 1];
        listener_.component_ready(number, component);
        jf_selected_pair pair{};
        pair.struct_size = sizeof(pair);
        pair.component = number;
        const std::string local = options_.addresses.empty() ? "" : candidate(component, 0);
        pair.local_candidate = jackfield::to_text(local);
        pair.remote_candidate = jackfield::to_text(remote);
        pair.round_trip_ns = round_trip_ns;
        listener_.pair_selected(pair);
    }

    /// Components for which the peer has no address hold nobody up, if another one is there.
    void look()
    {
        bool fine = false;
        bool waits = false;
        for (const auto& component : components_) {
            const auto seen = component->look();
            if (seen == Component::Look::silent)
                return fail(JF_UNREACHABLE, label_ + ": the peer has not answered for 10 seconds");
            fine = fine || seen == Component::Look::fine;
            waits = waits || (seen == Component::Look::nobody && component->tried());
        }
        const bool late = host_.now_ns() - began_ns_ > options_.connect_timeout.count();
        if (late && (waits || !fine))
            return fail(JF_TIMEOUT, label_ + ": nobody answered at the peer's addresses within " +
                                        std::to_string(options_.connect_timeout / 1ms) + " ms");
        timer_.start(waits || !fine ? kAskEvery : kLookEvery, [this] { look(); });
    }

    void fail(Status status, const std::string& text)
    {
        failed_ = true;
        scope_.post([this, status, text] { listener_.failed(status, text); });
    }

    jackfield::Host host_;
    Reader& reader_;
    const Options options_; // as they were: the network may change
    bool controlling_;
    std::uint32_t count_;
    std::string label_;
    jackfield::ConnectivityListener listener_;
    std::string name_;
    std::string password_;
    std::vector<std::unique_ptr<Component>> components_;
    bool asking_ = false;
    bool failed_ = false;
    std::int64_t began_ns_ = 0;
    jackfield::Timer timer_{host_};
    jackfield::Scope scope_{host_};
};

class MyConnectivity final : public jackfield::Connectivity {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MyConnectivity(jackfield::Host host, std::string_view config_json) : Connectivity(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json addresses = config.value("addresses", json::array());
        sockaddr_in ignored{};
        for (std::size_t i = 0; addresses.is_array() && i < addresses.size(); ++i) {
            if (!addresses[i].is_string() || !read_address(addresses[i].get<std::string>(), ignored))
                throw jackfield::ConfigError("/addresses/" + std::to_string(i) +
                                             ": expected an address of IPv4; \"127.0.0.1\" would work");
            options_.addresses.push_back(addresses[i].get<std::string>());
        }
        if (!addresses.is_array() || addresses.size() > 16)
            throw jackfield::ConfigError("/addresses: expected a list of at most 16; [\"127.0.0.1\"] would work");
        const json timeout = config.value("connect_timeout_ms", json(10000));
        if (!timeout.is_number_integer() || timeout.get<double>() < 100 || timeout.get<double>() > 60000)
            throw jackfield::ConfigError("/connect_timeout_ms: expected a number from 100 to 60000; 10000 would work");
        options_.connect_timeout = std::chrono::milliseconds(timeout.get<int>());
        own_addresses_ = options_.addresses.empty();
        network_changed();
        reader_ = std::make_unique<Reader>();
    }

    /// One attempt to reach a peer. `kind` says what the kernel wants: over TCP would be the other.
    std::unique_ptr<jackfield::ConnectivitySession> open(const jf_connectivity_options& options,
                                                         jackfield::ConnectivityListener listener) override
    {
        if (options.kind != JF_DATAGRAM)
            throw Failure(JF_UNSUPPORTED,
                          "this connectivity has no streams; \"control_policy\": \"udp-only\" would work");
        return std::make_unique<Session>(host_, *reader_, options_, options, listener);
    }

    void network_changed() override
    {
        if (own_addresses_)
            options_.addresses = our_addresses();
    }

private:
    Options options_;
    bool own_addresses_ = false;
    std::unique_ptr<Reader> reader_;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MyConnectivity)
