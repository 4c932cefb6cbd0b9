// See http_reply.hpp.
#include "http_reply.hpp"

#include "upnp_messages.hpp"

// One of Beast's assertions does not hold where a body of chunks has none ("0" CRLF, then more later); what follows it
// copes with that, and a stranger must not end a program.
#define BOOST_DISABLE_ASSERTS

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace shared_port_mapping {

namespace http = boost::beast::http;

struct HttpReply::Parser {
    http::response_parser<http::string_body> beast;
    std::string waiting; // what it could not use yet
    std::size_t taken = 0;
};

HttpReply::HttpReply() : parser_(std::make_unique<Parser>())
{
    parser_->beast.eager(true);
    parser_->beast.header_limit(8192);
    parser_->beast.body_limit(kMaxHttpBytes);
}

HttpReply::~HttpReply() = default;

HttpReply::State HttpReply::take(jackfield::ByteView bytes)
{
    parser_->taken += bytes.size();
    if (parser_->taken > kMaxHttpBytes)
        return State::bad;
    parser_->waiting.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    boost::system::error_code error;
    const auto used = parser_->beast.put(boost::asio::buffer(std::as_const(parser_->waiting)), error);
    parser_->waiting.erase(0, used);
    if (parser_->beast.is_done())
        return State::whole;
    return !error || error == http::error::need_more ? State::more : State::bad;
}

HttpReply::State HttpReply::end()
{
    boost::system::error_code error;
    if (parser_->beast.got_some())
        parser_->beast.put_eof(error);
    return !error && parser_->beast.is_done() ? State::whole : State::bad;
}

int HttpReply::status() const
{
    return static_cast<int>(parser_->beast.get().result_int());
}

std::string HttpReply::body() const
{
    return parser_->beast.get().body();
}

} // namespace shared_port_mapping
