// The kernel as a program uses it. See node.hpp.

#include "kernel/node/node.hpp"

#include "kernel/bind/board.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/bind/discovery.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/node/wait_for.hpp"
#include "kernel/registry/registry.hpp"

#include <asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// Says that nobody listens to a call's events.
class SilentListener final : public CallListener {};

/// How a flow ended: an error, or none.
Error outcome(const std::exception_ptr& exception)
{
    if (!exception)
        return {JF_OK, ""};
    try {
        std::rethrow_exception(exception);
    } catch (const Failure& failure) {
        return failure.error();
    } catch (const std::exception& other) {
        return {JF_INTERNAL, other.what()};
    }
}

} // namespace

class Node::Impl {
public:
    Impl(const Config& config, Registry registry, std::shared_ptr<NodeListener> listener, LogSink log);
    ~Impl() { stop(); }

    std::expected<OwnIds, Error> load_identity();
    std::expected<OwnIds, Error> start();
    void stop();

    template <typename F>
    void post(F&& f)
    {
        control_.post(std::forward<F>(f));
    }

    std::shared_ptr<Call> call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener);
    std::string describe_discovery();

private:
    Error go_online();
    OwnIds ids() const { return {environment_->self.account_id, environment_->self.device_id}; }
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
    bool stopped_ = false;
};

// --- making ---------------------------------------------------------------------------------------------------------

std::expected<std::unique_ptr<Node>, Error> Node::create(const Config& config, std::shared_ptr<NodeListener> listener,
                                                         LogSink log)
{
    return create(config, Registry::scan(config.plugin_path), std::move(listener), std::move(log));
}

std::expected<std::unique_ptr<Node>, Error> Node::create(const Config& config, Registry registry,
                                                         std::shared_ptr<NodeListener> listener, LogSink log)
{
    try {
        return std::unique_ptr<Node>(
            new Node(std::make_unique<Impl>(config, std::move(registry), std::move(listener), std::move(log))));
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

Node::Impl::Impl(const Config& config, Registry registry, std::shared_ptr<NodeListener> listener, LogSink log)
    : listener_(listener ? std::move(listener) : std::make_shared<NodeListener>()),
      registry_(std::move(registry)),
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
        });
    environment_.reset(
        new Environment{control_, *board_, completions_, *switchboard_, timeline_, settings_,
                        [this](const std::shared_ptr<Link>& link, std::uint64_t number, std::string offer,
                               std::string name) { invited(link, number, std::move(offer), std::move(name)); },
                        [this](const Device& sender, const std::string& content_type, const std::string& body) {
                            return listener_->message(sender.account_id, content_type, body);
                        }});
    control_.start();
}

void Node::Impl::tell(Step step, Moment moment, std::string detail)
{
    timeline_.tell({0, "", Side::node, step, moment, std::move(detail)});
}

// --- going online ---------------------------------------------------------------------------------------------------

std::expected<OwnIds, Error> Node::Impl::load_identity()
{
    using Result = std::expected<OwnIds, Error>;
    return wait_for<Result>(control_, [this](const std::function<void(Result)>& hand_over) {
        asio::co_spawn(control_.context(), kernel::load_identity(*environment_),
                       [this, hand_over](const std::exception_ptr& exception) {
                           const Error error = outcome(exception);
                           hand_over(error.status == JF_OK ? Result(ids()) : std::unexpected(error));
                       });
    });
}

std::expected<OwnIds, Error> Node::Impl::start()
{
    auto result = load_identity();
    if (!result)
        return result;
    const auto online =
        wait_for<Error>(control_, [this](const std::function<void(Error)>& hand_over) { hand_over(go_online()); });
    if (online.status != JF_OK)
        return std::unexpected(online);
    return result;
}

Error Node::Impl::go_online()
{
    tell(Step::discovery, Moment::start);
    try {
        switchboard_->start();
    } catch (const Failure& failure) {
        tell(Step::discovery, Moment::failed, failure_detail(failure.error()));
        return failure.error();
    }
    switchboard_->announce([this](const Error& result) {
        if (result.status == JF_OK)
            tell(Step::discovery, Moment::progress,
                 nlohmann::json{{"what", "announced"},
                                {"mechanisms", nlohmann::json::parse(switchboard_->describe(), nullptr, false)}}
                     .dump());
        else
            tell(Step::discovery, Moment::failed, failure_detail(result));
    });
    return {JF_OK, ""};
}

// --- calls ----------------------------------------------------------------------------------------------------------

std::shared_ptr<Call> Node::Impl::call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    if (!listener)
        listener = std::make_shared<SilentListener>();
    const auto call =
        std::make_shared<Call>(timeline_, Side::caller, std::move(peer), std::move(plan), std::move(listener));
    post([this, call] { start_call(*environment_, call); });
    return call;
}

void Node::Impl::request(const Device& sender, const CallMessage& message)
{
    if (message.kind == JF_CALL_REQUEST)
        spawn(*environment_, accept_link(*environment_, sender, message));
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
    take_call(*environment_, call, link, number, std::move(offer));
}

std::string Node::Impl::describe_discovery()
{
    return wait_for<std::string>(
        control_, [this](const std::function<void(std::string)>& hand_over) { hand_over(switchboard_->describe()); });
}

// --- the end --------------------------------------------------------------------------------------------------------

void Node::Impl::stop()
{
    if (std::exchange(stopped_, true))
        return;
    wait_for<Error>(control_, [this](const std::function<void(Error)>& hand_over) {
        asio::co_spawn(control_.context(), leave(*environment_),
                       [this, hand_over](const std::exception_ptr& exception) {
                           switchboard_.reset();
                           board_.reset();
                           hand_over(outcome(exception));
                       });
    });
    control_.stop();
}

// --- the door -------------------------------------------------------------------------------------------------------

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl))
{}

Node::~Node() = default;

std::expected<OwnIds, Error> Node::load_identity()
{
    return impl_->load_identity();
}

std::expected<OwnIds, Error> Node::start()
{
    return impl_->start();
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
