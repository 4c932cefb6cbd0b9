// One value over one TCP connection. See exchange.hpp.
#include "exchange.hpp"

#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

namespace discovery_lan {

namespace {

using asio::ip::tcp;
using jackfield::Bytes;

void append_size(Bytes& bytes, std::size_t size)
{
    for (const int shift : {24, 16, 8, 0})
        bytes.push_back(static_cast<std::uint8_t>(size >> shift));
}

/// A socket, what was read from it last, and the time by which all has to be done.
class Exchange : public std::enable_shared_from_this<Exchange> {
public:
    using Read = std::function<void(const Bytes& bytes)>;

    Exchange(tcp::socket opened, std::function<void()> over)
        : socket(std::move(opened)), limit_(socket.get_executor()), over_(std::move(over))
    {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { over_(); }

    void start()
    {
        limit_.expires_after(kExchangeLimit);
        limit_.async_wait([weak = weak_from_this()](asio::error_code cancelled) {
            const auto self = weak.lock();
            asio::error_code ignored;
            if (!cancelled && self)
                self->socket.close(ignored);
        });
    }

    /// Then is called with so many bytes; if they do not come, the exchange ends.
    void read(std::size_t size, Read then)
    {
        bytes_.resize(size);
        asio::async_read(socket, asio::buffer(bytes_),
                         [self = shared_from_this(), then = std::move(then)](asio::error_code failed, std::size_t) {
                             if (!failed)
                                 then(self->bytes_);
                         });
    }

    /// The length of a value, then the value; the exchange ends if it is too long.
    void read_value(Read then)
    {
        read(4, [this, then = std::move(then)](const Bytes& length) {
            std::size_t size = 0;
            for (const auto byte : length)
                size = size << 8 | byte;
            if (size <= kLargestValue_bytes)
                read(size, then);
        });
    }

    void write(Bytes bytes, const std::function<void()>& then = [] {})
    {
        const auto kept = std::make_shared<Bytes>(std::move(bytes));
        asio::async_write(socket, asio::buffer(*kept),
                          [self = shared_from_this(), kept, then](asio::error_code failed, std::size_t) {
                              if (!failed)
                                  then();
                          });
    }

    tcp::socket socket;

private:
    asio::steady_timer limit_;
    std::function<void()> over_;
    Bytes bytes_;
};

/// Connects, says what we want, and reads the answer in `then`. `over` is called in any case, last.
void ask(asio::io_context& context, const tcp::endpoint& peer, const Request& request,
         std::function<void(Exchange& exchange)> then, std::function<void()> over)
{
    const auto exchange = std::make_shared<Exchange>(tcp::socket(context), std::move(over));
    exchange->start();
    Bytes bytes{static_cast<std::uint8_t>(request.wish), static_cast<std::uint8_t>(request.key.size())};
    bytes.insert(bytes.end(), request.key.begin(), request.key.end());
    const Bytes value = packed_value(request.value);
    bytes.insert(bytes.end(), value.begin(), value.end());
    exchange->socket.async_connect(
        peer, [exchange, bytes = std::move(bytes), then = std::move(then)](asio::error_code failed) mutable {
            if (!failed)
                exchange->write(std::move(bytes), [exchange, then] { then(*exchange); });
        });
}

} // namespace

Bytes packed_value(jackfield::ByteView value)
{
    Bytes bytes;
    append_size(bytes, value.size());
    bytes.insert(bytes.end(), value.begin(), value.end());
    return bytes;
}

void serve(tcp::socket socket, Answer answer, std::function<void()> over)
{
    const auto exchange = std::make_shared<Exchange>(std::move(socket), std::move(over));
    exchange->start();
    Exchange& one = *exchange; // kept alive by what it reads
    one.read(2, [&one, answer = std::move(answer)](const Bytes& head) {
        const std::uint8_t wish = head[0];
        const std::size_t key_size = head[1];
        if (wish < 1 || wish > 2 || key_size == 0 || key_size > kLargestKey_bytes)
            return;
        one.read(key_size, [&one, wish, answer](const Bytes& key) {
            const std::string text(key.begin(), key.end());
            one.read_value([&one, wish, answer, text](const Bytes& value) {
                one.write(answer({static_cast<Wish>(wish), text, value}));
            });
        });
    });
}

void fetch(asio::io_context& context, const tcp::endpoint& from, const std::string& key, Got got)
{
    const auto value = std::make_shared<std::optional<Bytes>>();
    ask(
        context, from, {Wish::get, key},
        [value](Exchange& exchange) { exchange.read_value([value](const Bytes& bytes) { *value = bytes; }); },
        [value, got = std::move(got)] { got(std::move(*value)); });
}

void deliver(asio::io_context& context, const tcp::endpoint& to, const std::string& key, const Bytes& value,
             std::function<void(bool)> taken)
{
    const auto answer = std::make_shared<bool>(false);
    ask(
        context, to, {Wish::put, key, value},
        [answer](Exchange& exchange) { exchange.read(1, [answer](const Bytes& byte) { *answer = byte[0] == 1; }); },
        [answer, taken = std::move(taken)] { taken(*answer); });
}

} // namespace discovery_lan
