// A server that says what a test wants: see the header.
//
// Threads: a thread of its own; what the test asks is guarded.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <asio/ssl.hpp>
#pragma GCC diagnostic pop

#include "scripted_server.hpp"

#include <shared/sip/digest.hpp>
#include <shared/sip/header_value.hpp>
#include <shared/sip/stream_reader.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include <array>
#include <future>
#include <mutex>
#include <set>
#include <thread>

namespace discovery_sip::testing {

namespace {

using asio::ip::tcp;
using asio::ip::udp;

class Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(ScriptedServer::Inner& inner) : server(inner) {}
    virtual ~Connection() = default;
    virtual void start() = 0;
    virtual void write(const std::string& bytes) = 0;
    virtual void close() = 0;

protected:
    ScriptedServer::Inner& server;
};

} // namespace

class ScriptedServer::Inner {
public:
    Inner(ScriptedServer& owner, Over over, Script script, std::uint16_t port, const std::string& pem)
        : outer(owner),
          over_(over),
          script_(std::move(script)),
          work_(asio::make_work_guard(context)),
          tls(asio::ssl::context::tls_server),
          datagrams_(context),
          acceptor_(context)
    {
        const auto loopback = asio::ip::address_v4::loopback();
        if (over == Over::udp) {
            datagrams_ = udp::socket(context, udp::endpoint(loopback, port));
            receive();
        } else {
            if (over == Over::tls) {
                tls.use_certificate_chain(asio::buffer(pem));
                tls.use_private_key(asio::buffer(pem), asio::ssl::context::pem);
            }
            acceptor_ = tcp::acceptor(context, tcp::endpoint(loopback, port), true);
            accept();
        }
        thread_ = std::thread([this] { context.run(); });
    }
    ~Inner()
    {
        context.stop();
        thread_.join();
    }

    std::uint16_t port() const
    {
        return over_ == Over::udp ? datagrams_.local_endpoint().port() : acceptor_.local_endpoint().port();
    }

    /// Hears one message and answers it.
    std::string take(std::string text)
    {
        Script script;
        {
            const std::lock_guard lock(mutex);
            heard.push_back(text);
            script = script_;
        }
        const Message message = Message::read(std::move(text));
        return script && message.is_request() ? script(message) : "";
    }

    template <class F>
    void on_thread(F f)
    {
        std::promise<void> ran;
        asio::post(context, [&] {
            f();
            ran.set_value();
        });
        ran.get_future().wait();
    }
    void set_script(Script script)
    {
        const std::lock_guard lock(mutex);
        script_ = std::move(script);
    }
    void say(const std::string& bytes)
    {
        on_thread([&] {
            if (over_ == Over::udp)
                datagrams_.send_to(asio::buffer(bytes), last_);
            else if (!connections.empty())
                newest->write(bytes);
        });
    }
    void say_from_elsewhere(const std::string& bytes)
    {
        on_thread([&] {
            udp::socket other(context, udp::endpoint(asio::ip::make_address("127.0.0.2"), 0));
            other.send_to(asio::buffer(bytes), last_);
        });
    }
    HostPort peer()
    {
        HostPort where;
        on_thread([&] { where = {last_.address().to_string(), last_.port()}; });
        return where;
    }
    void drop_connections()
    {
        on_thread([&] {
            for (const auto& connection : std::exchange(connections, {}))
                connection->close();
        });
    }

    ScriptedServer& outer;
    asio::io_context context;
    mutable std::mutex mutex;
    std::vector<std::string> heard;
    std::size_t made = 0;
    std::size_t pings = 0;
    std::set<std::shared_ptr<Connection>> connections;
    std::shared_ptr<Connection> newest;

private:
    void receive();
    void accept();

    const Over over_;
    Script script_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;

public:
    asio::ssl::context tls;

private:
    udp::socket datagrams_;
    tcp::acceptor acceptor_;
    udp::endpoint from_;
    udp::endpoint last_;
    std::array<char, 65536> input_{};
    std::thread thread_;
};

namespace {

template <class Stream>
class StreamConnection final : public Connection {
public:
    template <class... More>
    StreamConnection(ScriptedServer::Inner& inner, tcp::socket socket, More&... more)
        : Connection(inner), stream(std::move(socket), more...)
    {}

    void start() override
    {
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            read();
        } else {
            stream.async_handshake(asio::ssl::stream_base::server,
                                   [self = shared_from_this(), this](asio::error_code failed) {
                                       if (!failed)
                                           read();
                                   });
        }
    }
    void write(const std::string& bytes) override
    {
        asio::error_code ignored;
        asio::write(stream, asio::buffer(bytes), ignored);
    }
    void close() override
    {
        asio::error_code ignored;
        stream.lowest_layer().shutdown(tcp::socket::shutdown_both, ignored);
        stream.lowest_layer().close(ignored);
    }

private:
    void read()
    {
        stream.async_read_some(asio::buffer(input_),
                               [self = shared_from_this(), this](asio::error_code failed, std::size_t size) {
                                   if (failed)
                                       return;
                                   reader_.feed(jackfield::as_bytes({input_.data(), size}));
                                   while (const auto text = reader_.next()) {
                                       const std::string answer = server.take(*text);
                                       if (!answer.empty())
                                           write(answer);
                                   }
                                   for (; lines_ + 1 < reader_.empty_lines(); lines_ += 2) {
                                       const std::lock_guard lock(server.mutex);
                                       ++server.pings;
                                       if (server.outer.answers_pings)
                                           write("\r\n");
                                   }
                                   read();
                               });
    }

    Stream stream;
    std::array<char, 65536> input_{};
    shared_sip::StreamReader reader_;
    std::size_t lines_ = 0;
};

} // namespace

void ScriptedServer::Inner::receive()
{
    datagrams_.async_receive_from(asio::buffer(input_), from_, [this](asio::error_code failed, std::size_t size) {
        if (!failed) {
            last_ = from_;
            if (size <= 4) {
                const std::lock_guard lock(mutex);
                ++pings;
            } else if (const std::string answer = take({input_.data(), size}); !answer.empty()) {
                datagrams_.send_to(asio::buffer(answer), from_);
            }
        }
        receive();
    });
}

void ScriptedServer::Inner::accept()
{
    acceptor_.async_accept([this](asio::error_code failed, tcp::socket socket) {
        if (!failed) {
            if (over_ == Over::tcp)
                newest = std::make_shared<StreamConnection<tcp::socket>>(*this, std::move(socket));
            else
                newest =
                    std::make_shared<StreamConnection<asio::ssl::stream<tcp::socket>>>(*this, std::move(socket), tls);
            connections.insert(newest);
            newest->start();
            const std::lock_guard lock(mutex);
            ++made;
        }
        accept();
    });
}

ScriptedServer::ScriptedServer(Over over, Script script, std::uint16_t port, const std::string& pem)
    : inner_(std::make_unique<Inner>(*this, over, std::move(script), port, pem))
{}

ScriptedServer::~ScriptedServer() = default;

HostPort ScriptedServer::address() const
{
    return {"127.0.0.1", inner_->port()};
}

void ScriptedServer::script(Script script)
{
    inner_->set_script(std::move(script));
}

std::vector<std::string> ScriptedServer::heard() const
{
    const std::lock_guard lock(inner_->mutex);
    return inner_->heard;
}

std::size_t ScriptedServer::count(const std::string& part) const
{
    std::size_t found = 0;
    for (const std::string& message : heard())
        found += message.find(part) != std::string::npos ? 1 : 0;
    return found;
}

std::string ScriptedServer::last(const std::string& part) const
{
    std::string found;
    for (const std::string& message : heard()) {
        if (message.find(part) != std::string::npos)
            found = message;
    }
    return found;
}

std::size_t ScriptedServer::connections() const
{
    const std::lock_guard lock(inner_->mutex);
    return inner_->made;
}

std::size_t ScriptedServer::empty_lines() const
{
    const std::lock_guard lock(inner_->mutex);
    return inner_->pings;
}

void ScriptedServer::say(const std::string& bytes)
{
    inner_->say(bytes);
}

void ScriptedServer::say_from_elsewhere(const std::string& bytes)
{
    inner_->say_from_elsewhere(bytes);
}

HostPort ScriptedServer::peer() const
{
    return inner_->peer();
}

void ScriptedServer::drop_connections()
{
    inner_->drop_connections();
}

std::string respond(const Message& request, int code, const std::string& reason, const std::string& more)
{
    return shared_sip::make_response(request, code, reason, "server", more);
}

std::string bind(const Message& request, int expires_s, const std::string& more)
{
    const auto contacts = request.elements("Contact");
    const std::string uri(shared_sip::address_of(contacts.at(0)));
    return respond(request, 200, "OK", "Contact: <" + uri + ">;expires=" + std::to_string(expires_s) + "\r\n" + more);
}

std::string challenge(const Message& request, const std::string& value)
{
    return respond(request, 401, "Unauthorized", "WWW-Authenticate: " + value + "\r\n");
}

std::string credential(const Message& request, const std::string& name)
{
    for (const auto part : request.elements("Authorization")) {
        const std::string_view one = part.starts_with("Digest ") ? part.substr(7) : part;
        if (one.starts_with(name + "="))
            return shared_sip::unquoted(one.substr(name.size() + 1));
    }
    return {};
}

bool knows_password(const Message& request, const std::string& password)
{
    if (request.value("Authorization").empty())
        return false;
    shared_sip::Challenge asked;
    asked.realm = credential(request, "realm");
    asked.nonce = credential(request, "nonce");
    asked.hash = credential(request, "algorithm") == "SHA-256"       ? shared_sip::DigestHash::sha256
                 : credential(request, "algorithm") == "SHA-512-256" ? shared_sip::DigestHash::sha512_256
                                                                     : shared_sip::DigestHash::md5;
    asked.auth = credential(request, "qop") == "auth";
    const auto count = std::strtoul(credential(request, "nc").c_str(), nullptr, 16);
    const std::string expected =
        shared_sip::answer(asked, {"alice", password}, {request.method(), credential(request, "uri"), {}},
                           credential(request, "cnonce"), static_cast<std::uint32_t>(count));
    return expected.find("response=\"" + credential(request, "response") + "\"") != std::string::npos;
}

} // namespace discovery_sip::testing
