// The kernel as a program uses it. See node.hpp.

#include "kernel/node/node.hpp"

#include "kernel/bind/board.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/bind/discovery.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/incoming_call.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/outgoing_call.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/registry/registry.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <future>
#include <set>

namespace jackfield::kernel {

namespace {

constexpr auto kStopDiscovery = std::chrono::seconds(3); // for withdrawing the announcement

/// Says that nobody listens to a call's events.
class SilentListener final : public CallListener {};

} // namespace

class Node::Impl {
public:
    Impl(const Config& config, std::shared_ptr<NodeListener> listener, LogSink log);
    ~Impl() { stop(); }

    std::expected<OwnIds, Error> on_control(awaitable<OwnIds> (Impl::*flow)());
    awaitable<OwnIds> load_identity();
    awaitable<OwnIds> start();
    awaitable<void> stop_flow(std::shared_ptr<std::promise<void>> stopped);
    void stop();

    template <typename F>
    void post(F&& f)
    {
        control_.post(std::forward<F>(f));
    }

    std::shared_ptr<Call> call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener);
    std::string describe_discovery();

private:
    void spawn(awaitable<void> flow);
    awaitable<void> run_call(awaitable<void> flow, std::shared_ptr<Call> call);
    void request(const Device& sender, const CallMessage& message);
    void invited(const std::shared_ptr<Link>& link, std::uint64_t number, std::string offer, std::string name);
    void tell(Step step, Moment moment, std::string detail = {});

    std::shared_ptr<NodeListener> listener_;
    Timeline timeline_;
    Completions completions_;
    ControlThread control_;
    Registry registry_;
    CallSettings settings_;
    std::unique_ptr<Board> board_;
    std::unique_ptr<Switchboard> switchboard_;
    std::unique_ptr<Environment> environment_;
    Bell bell_; // flows ended, discovery changed
    std::set<std::shared_ptr<Call>> calls_;
    int flows_ = 0;
    bool identity_loaded_ = false;
    bool stopped_ = false;
};

// --- making ---------------------------------------------------------------------------------------------------------

std::expected<std::unique_ptr<Node>, Error> Node::create(const Config& config, std::shared_ptr<NodeListener> listener,
                                                         LogSink log)
{
    try {
        return std::unique_ptr<Node>(new Node(std::make_unique<Impl>(config, std::move(listener), std::move(log))));
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

Node::Impl::Impl(const Config& config, std::shared_ptr<NodeListener> listener, LogSink log)
    : listener_(listener ? std::move(listener) : std::make_shared<NodeListener>()),
      registry_(Registry::scan(config.plugin_path)),
      settings_(config.call)
{
    const auto resolved = resolve(config, registry_);
    if (!resolved)
        throw Failure(resolved.error());
    board_ = std::make_unique<Board>(control_, registry_, *resolved, config.log_level, std::move(log));
    timeline_.add([this](const TimelineEvent& event) { listener_->timeline(event); });
    switchboard_ = std::make_unique<Switchboard>(
        *board_, completions_, [this](const Device& sender, const CallMessage& message) { request(sender, message); },
        [this](const std::string& plugin_id, bool online, const std::string& detail) {
            listener_->discovery(plugin_id, online, detail);
            bell_.ring();
        });
    environment_.reset(new Environment{
        control_, *board_, completions_, *switchboard_, timeline_, settings_, {}, {}, {}, {}, {}, 0, {}, false});
    environment_->workers.on_idle([this] { bell_.ring(); });
    environment_->spawn = [this](awaitable<void> flow) { spawn(std::move(flow)); };
    environment_->invited = [this](const std::shared_ptr<Link>& link, std::uint64_t number, std::string offer,
                                   std::string name) { invited(link, number, std::move(offer), std::move(name)); };
    environment_->message = [this](const Device& sender, const std::string& content_type, const std::string& body) {
        return listener_->message(sender.account_id, content_type, body);
    };
    control_.start();
}

void Node::Impl::tell(Step step, Moment moment, std::string detail)
{
    timeline_.tell({0, "", Side::node, step, moment, std::move(detail)});
}

// --- going online ---------------------------------------------------------------------------------------------------

/// Runs a flow on the control thread and waits for it here, on the program's thread.
std::expected<OwnIds, Error> Node::Impl::on_control(awaitable<OwnIds> (Impl::*flow)())
{
    std::promise<std::expected<OwnIds, Error>> result;
    asio::co_spawn(control_.context(), (this->*flow)(), [&](const std::exception_ptr& exception, OwnIds ids) {
        if (!exception)
            return result.set_value(std::move(ids));
        try {
            std::rethrow_exception(exception);
        } catch (const Failure& failure) {
            result.set_value(std::unexpected(failure.error()));
        } catch (const std::exception& other) {
            result.set_value(std::unexpected(Error{JF_INTERNAL, other.what()}));
        }
    });
    return result.get_future().get(); // the program's thread, never the node's
}

awaitable<OwnIds> Node::Impl::load_identity()
{
    const auto& identity = board_->identity;
    if (!identity_loaded_) {
        tell(Step::identity, Moment::start);
        const auto loaded = std::make_shared<std::optional<Error>>();
        identity.methods->load(identity.self, completions_.make([this, loaded](const Error& result) {
            *loaded = result;
            bell_.ring();
        }));
        co_await until(bell_, TimePoint::max(), [&] { return loaded->has_value(); });
        if ((*loaded)->status != JF_OK) {
            tell(Step::identity, Moment::failed, failure_detail(**loaded));
            throw StepFailure(Step::identity, **loaded);
        }
        identity_loaded_ = true;
        environment_->self = self_device(identity);
        tell(Step::identity, Moment::done,
             nlohmann::json{{"account", environment_->self.account_id}, {"device", environment_->self.device_id}}
                 .dump());
    }
    co_return OwnIds{environment_->self.account_id, environment_->self.device_id};
}

awaitable<OwnIds> Node::Impl::start()
{
    auto ids = co_await load_identity();
    tell(Step::discovery, Moment::start);
    switchboard_->start();
    switchboard_->announce([this](const Error& result) {
        if (result.status == JF_OK)
            tell(Step::discovery, Moment::progress, R"({"what":"announced"})");
        else
            tell(Step::discovery, Moment::failed, failure_detail(result));
    });
    co_return ids;
}

// --- calls ----------------------------------------------------------------------------------------------------------

void Node::Impl::spawn(awaitable<void> flow)
{
    ++flows_;
    asio::co_spawn(control_.context(), std::move(flow), [this](const std::exception_ptr& exception) {
        --flows_;
        bell_.ring();
        if (exception) // a flow catches what its steps throw; anything else is a bug, and must be seen
            std::rethrow_exception(exception);
    });
}

awaitable<void> Node::Impl::run_call(awaitable<void> flow, std::shared_ptr<Call> call)
{
    calls_.insert(call);
    co_await std::move(flow);
    calls_.erase(call);
}

std::shared_ptr<Call> Node::Impl::call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    if (!listener)
        listener = std::make_shared<SilentListener>();
    const auto call =
        std::make_shared<Call>(timeline_, Side::caller, std::move(peer), std::move(plan), std::move(listener));
    post([this, call] {
        if (environment_->stopping)
            call->hang_up();
        spawn(run_call(outgoing_call(*environment_, call), call));
    });
    return call;
}

void Node::Impl::request(const Device& sender, const CallMessage& message)
{
    if (message.kind == JF_CALL_REQUEST)
        spawn(accept_link(*environment_, sender, message));
}

void Node::Impl::invited(const std::shared_ptr<Link>& link, std::uint64_t number, std::string offer, std::string name)
{
    const auto call = std::make_shared<Call>(timeline_, Side::callee, link->peer.account_id, MediaPlan{}, nullptr);
    call->display_name = std::move(name);
    IncomingPlan plan{{}, nullptr, JF_REASON_BUSY};
    if (!environment_->stopping)
        plan = listener_->incoming({call->id, link->peer.account_id, link->peer.device_id, call->display_name});
    call->plan = std::move(plan.media);
    call->listener = plan.listener ? std::move(plan.listener) : std::make_shared<SilentListener>();
    if (plan.refuse)
        call->refuse(*plan.refuse);
    spawn(run_call(incoming_call(*environment_, call, link, number, std::move(offer)), call));
}

std::string Node::Impl::describe_discovery()
{
    std::promise<std::string> answer;
    post([&] { answer.set_value(switchboard_->describe()); });
    return answer.get_future().get(); // the program's thread, never the node's
}

// --- the end --------------------------------------------------------------------------------------------------------

awaitable<void> Node::Impl::stop_flow(std::shared_ptr<std::promise<void>> stopped)
{
    environment_->stopping = true;
    for (const auto& call : calls_)
        call->hang_up();
    bell_.ring();
    // Every step of every flow ends when its call is hung up, or at its own limit. A codec that is being opened is
    // inside a plugin, so it is waited for before the board goes.
    co_await until(bell_, TimePoint::max(), [this] { return flows_ == 0 && environment_->workers.idle(); });
    environment_->links.clear();
    const auto withdrawn = std::make_shared<bool>(false);
    switchboard_->stop([this, withdrawn](const Error&) {
        *withdrawn = true;
        bell_.ring();
    });
    co_await until(bell_, now() + kStopDiscovery, [&] { return *withdrawn; });
    switchboard_.reset();
    board_.reset();
    stopped->set_value();
}

void Node::Impl::stop()
{
    if (std::exchange(stopped_, true))
        return;
    const auto stopped = std::make_shared<std::promise<void>>();
    post([this, stopped] { asio::co_spawn(control_.context(), stop_flow(stopped), asio::detached); });
    stopped->get_future().get(); // the program's thread, never the node's
    control_.stop();
}

// --- the door -------------------------------------------------------------------------------------------------------

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl))
{}

Node::~Node() = default;

std::expected<OwnIds, Error> Node::load_identity()
{
    return impl_->on_control(&Impl::load_identity);
}

std::expected<OwnIds, Error> Node::start()
{
    return impl_->on_control(&Impl::start);
}

std::shared_ptr<Call> Node::call(std::string peer_account, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    return impl_->call(std::move(peer_account), std::move(plan), std::move(listener));
}

void Node::answer(const std::shared_ptr<Call>& call)
{
    impl_->post([call] { call->answer(); });
}

void Node::refuse(const std::shared_ptr<Call>& call, std::uint32_t reason)
{
    impl_->post([call, reason] { call->refuse(reason); });
}

void Node::hang_up(const std::shared_ptr<Call>& call, std::uint32_t reason)
{
    impl_->post([call, reason] { call->hang_up(reason); });
}

std::string Node::describe_discovery()
{
    return impl_->describe_discovery();
}

std::string Node::discovery_address()
{
    const auto all = nlohmann::json::parse(describe_discovery(), nullptr, false);
    for (const auto& mechanism : all) {
        if (mechanism.is_object() && mechanism.contains("listening"))
            return mechanism["listening"].get<std::string>();
    }
    return {};
}

void Node::stop()
{
    impl_->stop();
}

} // namespace jackfield::kernel
