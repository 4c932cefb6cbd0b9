// The flows of a node as a whole. See node_flows.hpp.

#include "kernel/flow/node_flows.hpp"

#include "kernel/flow/incoming_call.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/outgoing_call.hpp"
#include "kernel/flow/reopen_links.hpp"
#include "kernel/flow/send_file.hpp"
#include "kernel/flow/step_failure.hpp"

#include <asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

#include <optional>

namespace jackfield::kernel {

namespace {

awaitable<void> run_call(Environment& node, awaitable<void> flow, std::shared_ptr<Call> call)
{
    call->own_account = node.self.account_id;
    node.calls.insert(call);
    co_await std::move(flow);
    node.calls.erase(call);
}

awaitable<void> run_transfer(Environment& node, std::shared_ptr<FileTransfer> transfer)
{
    node.files.transfers.insert(transfer);
    co_await send_file(node, transfer);
    node.files.transfers.erase(transfer);
}

void tell(Environment& node, Step step, Moment moment, std::string detail = {})
{
    node.timeline.tell({0, "", Side::node, step, moment, std::move(detail)});
}

/// Every step of every flow ends when its call is hung up, or at its own limit. A codec that is being opened is inside
/// a plugin, so it is waited for as well.
awaitable<void> last_flow(Environment& node)
{
    node.workers.on_idle([&node] { node.bell.ring(); });
    co_await until(node.bell, TimePoint::max(), [&] { return node.flows == 0 && node.workers.idle(); });
}

awaitable<void> withdraw(Environment& node)
{
    const auto withdrawn = std::make_shared<bool>(false);
    node.switchboard.stop([&node, withdrawn](const Error&) {
        *withdrawn = true;
        node.bell.ring();
    });
    co_await until(node.bell, now() + limits::kWithdraw, [&] { return *withdrawn; });
}

} // namespace

void spawn(Environment& node, awaitable<void> flow)
{
    ++node.flows;
    asio::co_spawn(node.control.context(), std::move(flow), [&node](const std::exception_ptr& exception) {
        --node.flows;
        node.bell.ring();
        if (exception) // a flow catches what its steps throw; anything else is a bug, and must be seen
            std::rethrow_exception(exception);
    });
}

void start_call(Environment& node, const std::shared_ptr<Call>& call)
{
    if (node.stopping)
        call->hang_up();
    spawn(node, run_call(node, outgoing_call(node, call), call));
}

void start_following(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<Referral>& referral)
{
    if (referral->take_up())
        call->follows = referral;
    else
        call->hang_up(JF_REASON_CANCELLED);
    start_call(node, call);
}

void start_file(Environment& node, const std::shared_ptr<FileTransfer>& transfer)
{
    if (node.stopping)
        transfer->cancel();
    spawn(node, run_transfer(node, transfer));
}

void take_call(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<Link>& link,
               Invitation invitation)
{
    spawn(node, run_call(node, incoming_call(node, call, link, std::move(invitation)), call));
}

awaitable<void> load_identity(Environment& node)
{
    if (!node.self.device_id.empty())
        co_return;
    const auto& identity = node.board.identity;
    tell(node, Step::identity, Moment::start);
    const auto loaded = std::make_shared<std::optional<Error>>();
    identity.methods->load(identity.self, node.completions.make([&node, loaded](const Error& result) {
        *loaded = result;
        node.bell.ring();
    }));
    co_await until(node.bell, TimePoint::max(), [&] { return loaded->has_value(); });
    if ((*loaded)->status != JF_OK) {
        tell(node, Step::identity, Moment::failed, failure_detail(**loaded));
        throw StepFailure(Step::identity, **loaded);
    }
    node.take_identity(self_device(identity));
    tell(node, Step::identity, Moment::done,
         nlohmann::json{{"account", node.self.account_id}, {"device", node.self.device_id}}.dump());
}

void dismiss(Environment& node)
{
    node.stopping = true;
    reopen_no_more(node);
    for (const auto& call : node.calls)
        call->hang_up();
    for (const auto& transfer : node.files.transfers)
        transfer->cancel();
    node.bell.ring();
}

/// Asks the peer of each link, behind whatever was said before, and waits for the answers. False if not all came.
awaitable<bool> peers_have_read(Environment& node, TimePoint deadline)
{
    struct Awaited {
        int answers = 0;
        bool all = true;
    };
    const auto awaited = std::make_shared<Awaited>();
    for (const auto& link : node.links.all()) {
        if (!link->usable())
            continue;
        ++awaited->answers;
        // Not the channels: they answer before signaling has read what came there.
        link->signaling->ping(link->round_trip.patience(), [&node, weak = std::weak_ptr(awaited)](const Error& result) {
            if (const auto still = weak.lock()) {
                --still->answers;
                still->all = still->all && result.status == JF_OK;
                node.bell.ring();
            }
        });
    }
    const bool in_time =
        co_await until(node.bell, deadline, [&] { return awaited->answers == 0 || node.links.empty(); });
    co_return in_time && awaited->all;
}

/// A connection that is closed while its peer is sending takes along what the peer has not read yet: a refusal, a
/// goodbye. So it is asked, twice: a goodbye may have had to wait for what came with the first answer, such as an ACK
/// (RFC 3261 section 15). Who cannot be asked has a moment. The peer may close first.
awaitable<void> last_words(Environment& node)
{
    const TimePoint said_at = now();
    bool read = co_await peers_have_read(node, said_at + limits::kLongestPing);
    if (read)
        read = co_await peers_have_read(node, said_at + limits::kLongestPing);
    if (!read)
        co_await until(node.bell, said_at + limits::kLastWords, [&] { return node.links.empty(); });
}

awaitable<void> leave(Environment& node)
{
    dismiss(node);
    co_await last_flow(node);
    co_await last_words(node);
    node.links.clear();
    co_await withdraw(node);
}

awaitable<void> retire(Environment& node, bool withdraws)
{
    if (withdraws)
        co_await withdraw(node);
    // A peer that has kept a link of ours would call over it, and with what was configured before.
    node.links.clear();
    reopen_no_more(node);
    do {
        node.bell.ring(); // for the flow that tends them
        co_await last_flow(node);
        node.links.clear(); // some were still being opened
    } while (node.flows != 0);
}

} // namespace jackfield::kernel
