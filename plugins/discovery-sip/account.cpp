// The account: connected, registered, kept so. What comes in is in account_incoming.cpp.
//
// Threads: control, but for `transmit` and `describe`.
#include "account.hpp"

#include <shared/sip/header_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace discovery_sip {

using jackfield::Completion;
using jackfield::Failure;
using jackfield::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

jf_path_info path_info(Transport transport)
{
    jf_path_info info{};
    info.struct_size = sizeof(info);
    info.kind = JF_DATAGRAM;
    info.max_datagram_bytes = transport == Transport::udp ? 65507 : 65536;
    info.reliable = transport == Transport::udp ? 0 : 1;
    info.secured = transport == Transport::tls ? 1 : 0;
    return info;
}

/// Between the two parts of the whole, in per mille.
milliseconds part_of(const jackfield::Host& host, milliseconds whole, std::uint64_t least, std::uint64_t most)
{
    const std::uint64_t share = least + host.random_number() % (most - least + 1);
    return milliseconds(whole.count() * static_cast<std::int64_t>(share) / 1000);
}

std::string in_words(milliseconds wait)
{
    return wait < seconds(2) ? "at once" : "in " + std::to_string((wait.count() + 500) / 1000) + " s";
}

} // namespace

Account::Account(jackfield::Host host, Options options)
    : host_(host),
      options_(std::move(options)),
      tag_secret_(random_hex(host, 16)),
      credentials_(host, options_),
      registration_(host, options_, credentials_,
                    {[this](const std::string& message) { network_.send(message, std::nullopt); },
                     [this](const Outcome& outcome) { on_ended(outcome); },
                     [this](const HostPort& seen) { place_.contact = seen; }}),
      timer_(host),
      server_(options_.next_hop()),
      port_(options_.port),
      links_(std::make_shared<Links>(host, static_cast<CarrierService&>(*this), path_info(options_.transport))),
      network_(host, {[this](const HostPort& local) { on_up(local); }, [this](const std::string& why) { on_down(why); },
                      [this](std::string text, const HostPort& source) { on_message(std::move(text), source); },
                      [this] { links_->writable(); }})
{
    if (options_.transport == Transport::tls)
        check_tls(options_.tls);
    note_state();
}

Account::~Account()
{
    links_->close("the account is gone");
}

void Account::start(jackfield::DiscoveryListener listener)
{
    listener_ = listener;
    connect();
}

void Account::announce(Completion done)
{
    if (stopped_)
        return done.fail(JF_CLOSED, "the account was stopped");
    if (refused_)
        return done.fail(JF_UNAUTHENTICATED, told_);
    if (!registration_.contact().empty())
        return done.succeed();
    if (waiting_.size() >= kMostWaiting)
        throw Failure(JF_EXHAUSTED, "too many announce calls wait for the registrar");
    waiting_.push_back(std::move(done));
    if (!std::exchange(wanted_, true) && up_)
        registration_.renew(place_);
}

/// From the beginning, as the configuration has it.
void Account::network_changed()
{
    if (stopped_ || !listener_)
        return;
    refused_ = false;
    failures_ = 0;
    forget_redirections();
    connect();
}

void Account::connect()
{
    timer_.cancel();
    registration_.abandon();
    up_ = false;
    network_.connect(
        {options_.transport, server_, options_.bind, port_, options_.from_anyone, options_.keep_alive, options_.tls});
}

void Account::on_up(const HostPort& local)
{
    up_ = true;
    place_ = {local, local};
    if (options_.transport == Transport::udp)
        port_ = local.port; // the same again, so that what is on its way still arrives
    note_state();
    answer_finds(JF_OK, {});
    if (wanted_ && !refused_)
        registration_.renew(place_);
    else if (!refused_)
        tell(true, "reaches " + server_.text() + ", and is not registered");
}

void Account::on_down(const std::string& why)
{
    up_ = false;
    registration_.abandon();
    port_ = options_.port; // the one we had may be somebody else's by now
    if (stopped_)
        return close();
    if (!refused_) // else nobody is asked, whatever breaks
        try_again(why, JF_UNREACHABLE, milliseconds(0));
}

void Account::on_ended(const Outcome& outcome)
{
    using Kind = Outcome::Kind;
    if (stopped_)
        return close();
    const std::string text = server_.text() + " " + outcome.text;
    switch (outcome.kind) {
    case Kind::registered:
        return on_registered();
    case Kind::redirected:
        return on_redirected(outcome);
    case Kind::failed:
        return try_again(text, outcome.status, outcome.retry_after);
    case Kind::forbidden:
        return try_again(text, outcome.status, std::max<seconds>(outcome.retry_after, kForbiddenRetry));
    case Kind::refused:
        refused_ = true;
        tell(false, text + "; it is not asked again until the network changes or the program is started anew");
        return finish_waiting(outcome.status, text);
    case Kind::removed:
        return;
    }
}

void Account::on_registered()
{
    failures_ = 0;
    hops_.clear();
    const seconds granted = registration_.granted();
    timer_.start(std::max<milliseconds>(part_of(host_, granted, 800, 900), kSoonestRenewal),
                 [this] { registration_.renew(place_); });
    note_state();
    tell(true, "registered at " + server_.text() + " as " + registration_.contact());
    finish_waiting(JF_OK, {});
}

/// The account goes where it is sent, but in no circle, not for ever, and over nothing else than it was told to use.
void Account::on_redirected(const Outcome& outcome)
{
    const Uri* const target = acceptable(outcome.targets);
    if (target == nullptr || hops_.size() >= kMostHops) {
        const std::string text = server_.text() + " " + outcome.text + "; nobody there can be asked";
        forget_redirections();
        return try_again(text, outcome.status, milliseconds(0));
    }
    hops_.push_back(target->canonical());
    registration_.ask({target->scheme, {}, target->where, {}});
    if (options_.outbound_proxy)
        return registration_.renew(place_);
    server_ = target->where;
    if (server_.port == 0)
        server_.port = options_.default_port();
    connect();
}

const Uri* Account::acceptable(const std::vector<Uri>& targets) const
{
    const auto found = std::ranges::find_if(targets, [&](const Uri& target) {
        const std::string transport = shared_sip::to_lower(target.parameter("transport"));
        const bool same_way = transport.empty() || transport == shared_sip::to_lower(options_.via_transport());
        const bool no_worse = target.scheme != "sips" || options_.transport == Transport::tls;
        const bool from_here = target.where.host == server_.host &&
                               (target.where.port == 0 ? options_.default_port() : target.where.port) == server_.port;
        return same_way && no_worse && !from_here && std::ranges::find(hops_, target.canonical()) == hops_.end();
    });
    return found == targets.end() ? nullptr : &*found;
}

void Account::forget_redirections()
{
    hops_.clear();
    server_ = options_.next_hop();
    registration_.ask({options_.aor.scheme, {}, options_.aor.where, {}});
}

/// With growing pauses of uneven length, so that all the accounts of a server that comes back do not come at once.
void Account::try_again(const std::string& text, Status status, milliseconds at_least)
{
    const auto doubled = kFirstRetry * (1 << std::min<std::size_t>(failures_++, 10));
    const milliseconds pause = part_of(host_, std::min<milliseconds>(doubled, kLastRetry), 500, 1000);
    const milliseconds wait = std::max(pause, at_least);
    if (failures_ > 1)
        forget_redirections();
    timer_.start(wait, [this] { connect(); });
    note_state();
    tell(false, text + "; trying again " + in_words(wait));
    finish_waiting(status, text);
    answer_finds(status, text);
}

void Account::finish_waiting(Status status, const std::string& text)
{
    for (Completion& waiting : std::exchange(waiting_, {}))
        status == JF_OK ? waiting.succeed() : waiting.fail(status, text);
}

void Account::answer_finds(Status status, const std::string& text)
{
    for (auto& [uri, sink] : std::exchange(finds_, {})) {
        if (status != JF_OK) {
            sink.fail(status, text);
            continue;
        }
        sink.device({uri, uri});
        sink.succeed();
    }
}

/// What is the same as before is not told again.
void Account::tell(bool online, const std::string& detail)
{
    const bool changed = online_ != online || told_ != detail;
    online_ = online;
    told_ = detail;
    note_state();
    if (changed && !online)
        host_.warning(detail);
    if (changed && listener_)
        listener_.state(online ? JF_ONLINE : JF_OFFLINE, detail);
}

void Account::stop(Completion done)
{
    if (std::exchange(stopped_, true))
        return done.succeed();
    finish_waiting(JF_CLOSED, "the account was stopped");
    answer_finds(JF_CLOSED, "the account was stopped");
    stopping_ = std::move(done);
    timer_.cancel();
    registration_.abandon();
    if (!up_ || registration_.contact().empty())
        return close();
    timer_.start(kStopLimit, [this] { close(); });
    registration_.remove(place_);
}

void Account::close()
{
    timer_.cancel();
    registration_.abandon();
    network_.disconnect();
    links_->close("the account was stopped");
    up_ = false;
    note_state();
    if (stopping_)
        std::exchange(stopping_, std::nullopt)->succeed();
}

// --- what others ask ------------------------------------------------------------------------------------------------

void Account::find(const std::string& uri, jackfield::FindSink sink)
{
    if (stopped_)
        return sink.fail(JF_CLOSED, "the account was stopped");
    std::erase_if(finds_, [](const auto& waiting) { return waiting.second.cancelled(); });
    if (finds_.size() >= kMostWaiting)
        return sink.fail(JF_EXHAUSTED, "too many calls wait for the server already");
    finds_.emplace_back(uri, std::move(sink));
    if (!place_.sent_by.host.empty())
        answer_finds(JF_OK, {});
    else if (online_ == false)
        answer_finds(JF_UNREACHABLE, told_);
}

std::unique_ptr<jackfield::CarrierBase> Account::carry(const std::string& uri)
{
    if (stopped_)
        throw Failure(JF_CLOSED, "the account was stopped");
    if (shared_sip::canonical_uri(uri) != uri || uri.empty())
        throw Failure(JF_UNSUPPORTED, "\"" + uri + "\" is no SIP address");
    return links_->open(uri, uri);
}

Status Account::transmit(std::string text, std::optional<HostPort> to)
{
    return network_.send(std::move(text), std::move(to));
}

std::vector<std::string> Account::routes() const
{
    if (!registration_.service_route().empty()) // RFC 3608 section 6.1
        return registration_.service_route();
    if (!options_.outbound_proxy)
        return {};
    return {"<sip:" + options_.outbound_proxy->text() + options_.uri_parameter() + ";lr>"};
}

std::string Account::describe_link(const std::string& remote) const
{
    if (place_.sent_by.host.empty())
        throw Failure(JF_UNREACHABLE, server_.text() + " has not been reached yet");
    const nlohmann::json json{{"protocol", "sip"},
                              {"local", options_.aor.canonical()},
                              {"remote", remote},
                              {"contact", registration_.contact_uri(place_.contact)},
                              {"transport", options_.via_transport()},
                              {"sent_by", place_.sent_by.text()},
                              {"routes", routes()}};
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Account::answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                      jackfield::ByteView body)
{
    return credentials_.answer_once(challenge, {method, uri, body});
}

void Account::note_state()
{
    nlohmann::json json{{"aor", options_.aor.canonical()},
                        {"registrar", server_.text()},
                        {"transport", shared_sip::to_lower(options_.via_transport())},
                        {"state", online_.value_or(false) && !stopped_ ? "online" : "offline"},
                        {"contact", registration_.contact()},
                        {"expires_s", registration_.granted().count()}};
    if (up_)
        json["listening"] = place_.sent_by.text();
    if (!told_.empty())
        json["detail"] = told_;
    const std::lock_guard lock(mutex_);
    state_json_ = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Account::describe() const
{
    const std::lock_guard lock(mutex_);
    return state_json_;
}

} // namespace discovery_sip
