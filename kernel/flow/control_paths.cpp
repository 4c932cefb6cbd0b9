// The two ICE sessions of the control path. See control_paths.hpp.

#include "kernel/flow/control_paths.hpp"

#include "kernel/flow/tried_pairs.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// The next line without its end; text moves on.
std::string_view next_line(std::string_view& text)
{
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

/// Candidate lines have fields (RFC 8839 section 5.1), credentials have not.
bool is_candidate(std::string_view line)
{
    return line.find(' ') != std::string_view::npos;
}

/// The third field of a candidate: transport, in any case.
bool is_tcp(std::string_view candidate)
{
    for (int field = 0; field < 2; ++field) {
        const auto space = candidate.find(' ');
        if (space == std::string_view::npos)
            return false;
        candidate.remove_prefix(space + 1);
    }
    return candidate.starts_with("TCP ") || candidate.starts_with("tcp ");
}

constexpr std::string_view kUfrag = " ufrag ";

/// The first line of a description of connectivity.h.
std::string_view ufrag_of(std::string_view description)
{
    return description.substr(0, description.find('\n'));
}

} // namespace

ControlPaths::ControlPaths(Environment& node, std::uint32_t role, std::function<void()> changed,
                           std::function<void(std::string)> more)
    : node_(node), changed_(std::move(changed)), more_(std::move(more)), pending_lines_(std::make_shared<std::string>())
{
    const auto policy = node_.settings.control_policy;
    const auto open = [&](std::uint32_t kind, std::string_view label) {
        const jf_connectivity_options options{sizeof(options), role, kind, 1, abi_text(label)};
        return std::make_unique<ConnectivitySession>(
            node_.board.connectivity, options,
            ConnectivitySession::Events{[this] {
                                            note_ready();
                                            changed_();
                                        },
                                        [this, kind](const std::string& line) { candidate(kind, line); }});
    };
    if (policy != ControlPolicy::kTcpOnly)
        udp_ = open(JF_DATAGRAM, "control-udp");
    if (policy != ControlPolicy::kUdpOnly)
        tcp_ = open(JF_STREAM, "control-tcp");
}

std::string ControlPaths::blob()
{
    described_ = true;
    return (udp_ ? udp_->local_description() : "") + (tcp_ ? tcp_->local_description() : "");
}

// Candidates that come in one turn of the loop go out in one message.
void ControlPaths::candidate(std::uint32_t kind, const std::string& line)
{
    const bool needs_mark = kind == JF_DATAGRAM && is_tcp(line);
    if (!described_ || (needs_mark && !udp_))
        return;
    const bool first = pending_lines_->empty();
    *pending_lines_ += line;
    if (needs_mark)
        pending_lines_->append(kUfrag).append(ufrag_of(udp_->local_description()));
    *pending_lines_ += "\n";
    if (!first)
        return;
    node_.control.post([pending = std::weak_ptr(pending_lines_), more = more_] {
        if (const auto lines = pending.lock())
            more(std::exchange(*lines, {}));
    });
}

void ControlPaths::set_remote(std::string_view blob)
{
    if (blob.size() > kMaxBlobBytes)
        throw Failure(JF_BAD_INPUT, "the peer's candidates take more than 32 KiB");
    answered_ = now();
    const ConnectivitySession* used = nullptr;
    int number = 0;
    std::string_view ahead = blob;
    std::string_view line = next_line(ahead);
    while (!line.empty()) {
        if (number == 2)
            throw Failure(JF_BAD_INPUT, "the peer sent more than two descriptions");
        std::string description;
        bool tcp = number++ > 0; // an empty description is known by its place only
        for (int credential = 0; credential < 2 && !line.empty() && !is_candidate(line); ++credential) {
            description += std::string(line) + "\n";
            line = next_line(ahead);
        }
        if (description.empty())
            throw Failure(JF_BAD_INPUT, "the peer's candidates come without credentials");
        for (bool first = true; !line.empty() && is_candidate(line); first = false) {
            tcp = first ? is_tcp(line) : tcp;
            description += std::string(line) + "\n";
            line = next_line(ahead);
        }
        if (const auto& session = tcp ? tcp_ : udp_) {
            if (used == session.get())
                throw Failure(JF_BAD_INPUT, "the peer sent two descriptions for one transport");
            session->set_remote(description);
            used = session.get();
            if (!tcp)
                udp_ufrag_ = ufrag_of(description);
        }
    }
    if (used == nullptr)
        throw Failure(JF_UNREACHABLE, "the peer offers no transport that our control_policy allows");
}

void ControlPaths::add_remote(std::string_view lines)
{
    if (lines.size() > kMaxBlobBytes)
        return;
    while (!lines.empty()) {
        auto line = next_line(lines);
        if (!is_candidate(line))
            continue;
        if (auto* const session = session_of(line))
            session->add_remote_candidate(std::string(line));
    }
}

/// Of the peer's later candidate, which loses its mark. Null if there is none.
ConnectivitySession* ControlPaths::session_of(std::string_view& candidate) const
{
    const auto mark = candidate.rfind(kUfrag);
    if (mark == std::string_view::npos)
        return (is_tcp(candidate) ? tcp_ : udp_).get();
    const bool known = candidate.substr(mark + kUfrag.size()) == udp_ufrag_ && !udp_ufrag_.empty();
    candidate = candidate.substr(0, mark);
    return known ? udp_.get() : nullptr;
}

void ControlPaths::note_ready()
{
    if (udp_since_ == TimePoint::max() && udp_ && udp_->ready(1))
        udp_since_ = now();
}

ConnectivitySession* ControlPaths::choose(TimePoint at) const
{
    const bool udp_ready = udp_ && udp_->ready(1);
    if (tcp_ && tcp_->ready(1))
        return tcp_.get();
    if (!udp_ready)
        return nullptr;
    const bool wait_for_tcp =
        node_.settings.control_policy == ControlPolicy::kTcpPreferred && tcp_ && !tcp_->failure() && at < grace_over();
    return wait_for_tcp ? nullptr : udp_.get();
}

/// Until when it is worth waiting for TCP, once UDP is up. UDP is up after one round trip, TCP connects and checks: it
/// takes twice as long at least, so where UDP took longer than the grace TCP cannot come within it.
TimePoint ControlPaths::grace_over() const
{
    const auto grace = node_.settings.tcp_grace;
    const bool in_vain = answered_ < udp_since_ && udp_since_ - answered_ > grace;
    return in_vain ? udp_since_ : udp_since_ + grace;
}

TimePoint ControlPaths::reconsider(TimePoint otherwise) const
{
    if (udp_since_ == TimePoint::max())
        return otherwise;
    const auto over = grace_over();
    return over > now() ? std::min(otherwise, over) : otherwise;
}

std::string ControlPaths::hopeless() const
{
    const bool udp_dead = !udp_ || udp_->failure();
    const bool tcp_dead = !tcp_ || tcp_->failure();
    if (!udp_dead || !tcp_dead)
        return {};
    std::string text = "no control path to the peer";
    if (tcp_)
        text += "; TCP: " + tcp_->failure()->text;
    if (udp_)
        text += "; UDP: " + udp_->failure()->text;
    return text;
}

nlohmann::json ControlPaths::tried() const
{
    auto rows = nlohmann::json::array();
    for (const auto* session : {&tcp_, &udp_}) {
        if (*session)
            add_tried(rows, (*session)->tried());
    }
    return rows;
}

const ConnectivitySession* ControlPaths::datagrams_to_come() const
{
    return udp_ && !udp_->failure() && !udp_->ready(1) ? udp_.get() : nullptr;
}

std::vector<ConnectivitySession*> ControlPaths::ready() const
{
    std::vector<ConnectivitySession*> sessions;
    for (const auto* session : {&tcp_, &udp_}) {
        if (*session && (*session)->ready(1))
            sessions.push_back(session->get());
    }
    return sessions;
}

std::vector<ConnectivitySession*> ControlPaths::possible() const
{
    std::vector<ConnectivitySession*> sessions;
    for (const auto* session : {&tcp_, &udp_}) {
        if (*session && !(*session)->failure())
            sessions.push_back(session->get());
    }
    return sessions;
}

std::unique_ptr<ConnectivitySession> ControlPaths::take(const ConnectivitySession* session)
{
    auto taken = std::move(session == tcp_.get() ? tcp_ : udp_);
    taken->forget_events();
    return taken;
}

void ControlPaths::give_up(const ConnectivitySession* session)
{
    (session == tcp_.get() ? tcp_ : udp_).reset();
}

} // namespace jackfield::kernel
