// What may be asked for by HTTP. See http_requests.hpp.
#include "tools/rendezvous/http_requests.hpp"

#include <shared/base64/base64.hpp>

#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/NetException.h>
#include <Poco/URI.h>

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace jackfield::rendezvous {

namespace {

using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

constexpr std::string_view kValues = "/v1/values/";

/// A refusal, thrown on the way to an answer.
struct Refusal {
    HTTPResponse::HTTPStatus status;
    std::string text;
    std::uint32_t retry_ms = 0;
    const char* allow = nullptr; // 405: what is
};

HTTPResponse::HTTPStatus status_of(Code code)
{
    switch (code) {
    case Code::ok:
        return HTTPResponse::HTTP_NO_CONTENT;
    case Code::bad_request:
        return HTTPResponse::HTTP_BAD_REQUEST;
    case Code::too_large:
        return HTTPResponse::HTTP_REQUESTENTITYTOOLARGE;
    case Code::too_many_requests:
        return HTTPResponse::HTTP_TOO_MANY_REQUESTS;
    case Code::unavailable:
        return HTTPResponse::HTTP_SERVICE_UNAVAILABLE;
    case Code::full:
        break;
    }
    return HTTPResponse::HTTP_INSUFFICIENT_STORAGE;
}

void or_refuse(const Reply& reply)
{
    if (reply.code != Code::ok)
        throw Refusal{status_of(reply.code), reply.text, reply.retry_ms};
}

Poco::URI uri_of(const HTTPServerRequest& request)
{
    try {
        return Poco::URI(request.getURI());
    } catch (const Poco::Exception&) {
        throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "the address of the request cannot be read (RFC 3986)"};
    }
}

std::uint32_t ttl_of(const std::string& text)
{
    std::uint32_t ttl = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ttl);
    if (error != std::errc() || end != text.data() + text.size() || ttl == 0)
        throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "?ttl= takes a number of seconds from 1, not \"" + text + "\""};
    return ttl;
}

class Answer final : public Poco::Net::HTTPRequestHandler {
public:
    Answer(Services services, Caller& caller) : services_(services), caller_(caller) {}

    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override
    {
        response.setKeepAlive(false);
        try {
            answer(request, response);
        } catch (const Refusal& refusal) {
            refuse(request, response, refusal);
        }
    }

private:
    void answer(HTTPServerRequest& request, HTTPServerResponse& response)
    {
        if (caller_.place == RateLimits::Place::server_is_full)
            throw Refusal{HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "all connections are taken", 1000};
        if (caller_.place == RateLimits::Place::address_has_too_many)
            throw Refusal{HTTPResponse::HTTP_TOO_MANY_REQUESTS, "too many connections from your address", 1000};
        const Poco::URI uri = uri_of(request);
        const std::string& path = uri.getPath(); // decoded
        if (path == "/v1/health")
            return only(request, "GET"), health(response);
        or_refuse(services_.desk.admit(0, caller_.address));
        if (path == kBoardPath)
            return only(request, "GET"), board(request, response);
        if (!path.starts_with(kValues))
            throw Refusal{HTTPResponse::HTTP_NOT_FOUND,
                          "nothing is here; /v1/board, /v1/values/<key> and /v1/health are"};
        Request wanted{Op::get, 0, path.substr(kValues.size())};
        if (!is_key(wanted.key))
            throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "a key has 1 to 200 visible ASCII characters"};
        if (request.getMethod() == "PUT")
            return put(request, uri, std::move(wanted), response);
        if (request.getMethod() != "GET")
            throw Refusal{HTTPResponse::HTTP_METHOD_NOT_ALLOWED, "a value is put or got", 0, "GET, PUT"};
        get(wanted, response);
    }

    static void only(const HTTPServerRequest& request, const char* method)
    {
        if (request.getMethod() != method)
            throw Refusal{HTTPResponse::HTTP_METHOD_NOT_ALLOWED, std::string(method) + " alone works here", 0, method};
    }

    void health(HTTPServerResponse& response)
    {
        Store& store = services_.desk.store();
        if (!store.available())
            throw Refusal{HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "the store cannot be reached", 1000};
        try {
            const Totals totals = store.totals();
            send(response, {{"store", store.name()},
                            {"keys", totals.keys},
                            {"bytes", totals.bytes},
                            {"connections", services_.rates.connections()}});
        } catch (const StoreUnavailable& why) {
            throw Refusal{HTTPResponse::HTTP_SERVICE_UNAVAILABLE, why.what(), 1000};
        }
    }

    void board(HTTPServerRequest& request, HTTPServerResponse& response)
    {
        if (!services_.desk.store().available())
            throw Refusal{HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "the store cannot be reached", 500};
        if (!request.hasToken("Connection", "upgrade")) {
            response.set("Upgrade", "websocket");
            throw Refusal{HTTPResponse::HTTP_UPGRADE_REQUIRED, "this is for WebSockets (RFC 6455)"};
        }
        std::optional<Poco::Net::WebSocket> socket;
        try {
            socket.emplace(request, response);
        } catch (const Poco::Net::WebSocketException& wrong) {
            throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, wrong.message()};
        }
        BoardSession session(std::move(*socket), caller_.address, services_.desk, services_.hub, services_.deadlines);
        socket.reset();
        caller_.deadline.reset();
        try {
            session.run();
        } catch (const Poco::Exception&) {
            return; // the client has gone, or was shut down; there is nobody to tell
        }
    }

    void put(HTTPServerRequest& request, const Poco::URI& uri, Request wanted, HTTPServerResponse& response)
    {
        wanted.op = Op::put;
        for (const auto& [name, value] : uri.getQueryParameters()) {
            if (name == "ttl")
                wanted.ttl_s = ttl_of(value);
            else if (name == "slot")
                wanted.slot = value;
        }
        if (wanted.ttl_s == 0)
            ttl_of("");
        if (!is_slot(wanted.slot))
            throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "a slot has at most 64 visible ASCII characters"};
        wanted.value = body(request);
        if (wanted.value.empty())
            throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "the body is the value; it has at least one byte"};
        or_refuse(services_.desk.put(wanted));
        response.setStatusAndReason(HTTPResponse::HTTP_NO_CONTENT);
        response.send();
    }

    /// Never more of it in memory than a value may have, whatever it says of itself.
    Bytes body(HTTPServerRequest& request) const
    {
        const std::size_t most = services_.desk.limits().value_bytes;
        const Refusal too_large{HTTPResponse::HTTP_REQUESTENTITYTOOLARGE,
                                "a value has at most " + std::to_string(most) + " bytes"};
        if (request.hasContentLength() && request.getContentLength64() > static_cast<Poco::Int64>(most))
            throw too_large;
        Bytes body(most + 1);
        request.stream().read(reinterpret_cast<char*>(body.data()), static_cast<std::streamsize>(body.size()));
        const auto size = static_cast<std::size_t>(request.stream().gcount());
        if (size > most)
            throw too_large;
        if (request.hasContentLength() && size < static_cast<std::size_t>(request.getContentLength64()))
            throw Refusal{HTTPResponse::HTTP_BAD_REQUEST, "the body ended early"};
        body.resize(size);
        return body;
    }

    void get(const Request& wanted, HTTPServerResponse& response)
    {
        std::vector<std::string> values;
        or_refuse(services_.desk.get(wanted, values));
        nlohmann::json list = nlohmann::json::array();
        for (const std::string& value : values)
            list.push_back(encode_base64(as_bytes(value)));
        send(response, {{"values", std::move(list)}});
    }

    static void send(HTTPServerResponse& response, const nlohmann::json& content)
    {
        const std::string text = content.dump();
        response.setContentType("application/json");
        response.setContentLength(static_cast<std::streamsize>(text.size()));
        response.send() << text;
    }

    static void refuse(HTTPServerRequest& request, HTTPServerResponse& response, const Refusal& refusal)
    {
        response.setStatusAndReason(refusal.status);
        response.setContentType("text/plain");
        response.setContentLength(static_cast<std::streamsize>(refusal.text.size() + 1));
        if (refusal.allow != nullptr)
            response.set("Allow", refusal.allow);
        if (refusal.retry_ms != 0)
            response.set("Retry-After", std::to_string((refusal.retry_ms + 999) / 1000));
        response.send() << refusal.text << '\n' << std::flush;
        // A client that is still sending would lose the answer if we closed on it: some more is read, and thrown away.
        dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket().shutdownSend();
        std::array<char, 4096> rest{};
        for (std::size_t drained = 0; drained < kMostDrained_bytes && request.stream().good();)
            drained += static_cast<std::size_t>(request.stream().read(rest.data(), rest.size()).gcount());
    }

    Services services_;
    Caller& caller_;
};

} // namespace

Poco::Net::HTTPRequestHandler* HttpRequests::createRequestHandler(const HTTPServerRequest&)
{
    return new Answer(services_, caller_); // Poco deletes it
}

} // namespace jackfield::rendezvous
