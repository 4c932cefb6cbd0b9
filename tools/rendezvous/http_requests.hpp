// What may be asked for by HTTP (RFC 9110), one request a connection:
//
//   GET /v1/board          becomes a WebSocket (board_session.hpp)
//   PUT /v1/values/<key>   ?ttl=<seconds>[&slot=<secret>], the value is the body
//   GET /v1/values/<key>   {"values":["<base64>",..]}
//   GET /v1/health         {"store":"sqlite",..} or 503
//
// Threads:  each connection has one.
// Lifetime: one per connection; what it refers to outlives it.
#pragma once

#include "tools/rendezvous/board_session.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include <functional>
#include <optional>

namespace jackfield::rendezvous {

/// What the requests of all connections use.
struct Services {
    Desk& desk;
    Hub& hub;
    Deadlines& deadlines;
    RateLimits& rates;
};

/// One connection as its request sees it.
struct Caller {
    std::string address;
    RateLimits::Place place;
    std::optional<Deadlines::Guard>& deadline; // for the request and its answer; a WebSocket has its own
};

class HttpRequests final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    HttpRequests(Services services, Caller& caller) : services_(services), caller_(caller) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest& request) override;

private:
    Services services_;
    Caller& caller_;
};

} // namespace jackfield::rendezvous
