// The kernel as a program uses it. See node.hpp.

#include "kernel/node/node.hpp"

#include "kernel/bind/completions.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/node/stack.hpp"
#include "kernel/node/wait_for.hpp"

#include <asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

#include <list>
#include <mutex>

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
    std::expected<OwnIds, Error> reconfigure(const Config& config, Registry registry);
    void stop();

    template <typename F>
    void post(F&& f)
    {
        control_.post(std::forward<F>(f));
    }

    std::shared_ptr<Call> call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener);
    std::string describe_discovery();

private:
    /// Runs f there and waits for it. What it throws is what this returns.
    Error on_control(const std::function<void()>& f);
    std::unique_ptr<Stack> make_stack(Registry registry, const Resolved& resolved, const Stack* earlier);
    std::unique_ptr<Environment> make_environment(Stack& stack, const CallSettings& settings);
    Error load_identity_of(Stack& stack);
    Error go_online(Stack& stack);
    void take_over(std::unique_ptr<Stack> next);
    void retired(Stack* old);
    void gone();
    static OwnIds ids_of(const Stack& stack)
    {
        return {stack.environment->self.account_id, stack.environment->self.device_id};
    }
    static void request(Environment& environment, const Device& sender, const CallMessage& message);
    void invited(Environment& environment, const std::shared_ptr<Link>& link, std::uint64_t number, std::string offer,
                 std::string name);
    void tell(Step step, Moment moment, std::string detail = {});

    std::shared_ptr<NodeListener> listener_;
    Timeline timeline_;
    Completions completions_;
    ControlThread control_;
    std::int32_t log_level_;
    LogSink log_;
    std::unique_ptr<Stack> stack_;
    std::list<std::unique_ptr<Stack>> retiring_; // earlier ones whose calls go on
    std::mutex one_at_a_time_;                   // of reconfigure and stop; never held on the control thread
    std::function<void()> on_gone_;              // while the node stops: the current stack has left
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
      log_level_(config.log_level),
      log_(std::move(log))
{
    const auto resolved = resolve(config, registry);
    if (!resolved)
        throw Failure(resolved.error());
    timeline_.add([this](const TimelineEvent& event) { listener_->timeline(event); });
    stack_ = make_stack(std::move(registry), *resolved, nullptr);
    control_.start();
}

/// Throws Failure. With an earlier stack, what is the same goes on in the new one.
std::unique_ptr<Stack> Node::Impl::make_stack(Registry registry, const Resolved& resolved, const Stack* earlier)
{
    auto stack = std::make_unique<Stack>();
    stack->registry = std::move(registry);
    stack->board = std::make_unique<Board>(control_, stack->registry, resolved, log_level_, log_,
                                           earlier != nullptr ? earlier->board.get() : nullptr);
    if (earlier != nullptr && stack->board->shares_discovery_with(*earlier->board))
        stack->switchboard = earlier->switchboard;
    else
        stack->switchboard = std::make_shared<Switchboard>(
            *stack->board, completions_,
            [&at = *stack](const Device& sender, const CallMessage& message) {
                request(*at.environment, sender, message);
            },
            [this](const std::string& plugin_id, bool online, const std::string& detail) {
                listener_->discovery(plugin_id, online, detail);
            });
    stack->environment = make_environment(*stack, resolved.config.call);
    if (earlier != nullptr && stack->board->shares_identity_with(*earlier->board))
        stack->environment->self = earlier->environment->self;
    return stack;
}

std::unique_ptr<Environment> Node::Impl::make_environment(Stack& stack, const CallSettings& settings)
{
    const auto invited_there = [this, &stack](const std::shared_ptr<Link>& link, std::uint64_t number,
                                              std::string offer, std::string name) {
        invited(*stack.environment, link, number, std::move(offer), std::move(name));
    };
    const auto message = [this](const Device& sender, const std::string& content_type, const std::string& body) {
        return listener_->message(sender.account_id, content_type, body);
    };
    return std::unique_ptr<Environment>(new Environment{control_, *stack.board, completions_, *stack.switchboard,
                                                        timeline_, settings, invited_there, message});
}

Error Node::Impl::on_control(const std::function<void()>& f)
{
    return wait_for<Error>(control_, [&f](const std::function<void(Error)>& hand_over) {
        try {
            f();
        } catch (...) {
            return hand_over(outcome(std::current_exception()));
        }
        hand_over({JF_OK, ""});
    });
}

void Node::Impl::tell(Step step, Moment moment, std::string detail)
{
    timeline_.tell({0, "", Side::node, step, moment, std::move(detail)});
}

// --- going online ---------------------------------------------------------------------------------------------------

std::expected<OwnIds, Error> Node::Impl::load_identity()
{
    const Error loaded = load_identity_of(*stack_);
    if (loaded.status != JF_OK)
        return std::unexpected(loaded);
    return ids_of(*stack_);
}

Error Node::Impl::load_identity_of(Stack& stack)
{
    return wait_for<Error>(control_, [this, &stack](const std::function<void(Error)>& hand_over) {
        asio::co_spawn(control_.context(), kernel::load_identity(*stack.environment),
                       [hand_over](const std::exception_ptr& exception) { hand_over(outcome(exception)); });
    });
}

std::expected<OwnIds, Error> Node::Impl::start()
{
    auto result = load_identity();
    if (!result)
        return result;
    const auto online = wait_for<Error>(
        control_, [this](const std::function<void(Error)>& hand_over) { hand_over(go_online(*stack_)); });
    if (online.status != JF_OK)
        return std::unexpected(online);
    return result;
}

Error Node::Impl::go_online(Stack& stack)
{
    tell(Step::discovery, Moment::start);
    try {
        stack.switchboard->start();
    } catch (const Failure& failure) {
        tell(Step::discovery, Moment::failed, failure_detail(failure.error()));
        return failure.error();
    }
    const auto tell_announced = [this, &switchboard = *stack.switchboard](const Error& result) {
        if (result.status == JF_OK)
            tell(Step::discovery, Moment::progress,
                 nlohmann::json{{"what", "announced"},
                                {"mechanisms", nlohmann::json::parse(switchboard.describe(), nullptr, false)}}
                     .dump());
        else
            tell(Step::discovery, Moment::failed, failure_detail(result));
    };
    stack.switchboard->announce(tell_announced);
    return {JF_OK, ""};
}

// --- another configuration ------------------------------------------------------------------------------------------

std::expected<OwnIds, Error> Node::Impl::reconfigure(const Config& config, Registry registry)
{
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
    const auto result = [&]() -> Error {
        const auto resolved = resolve(config, registry);
        if (!resolved)
            return resolved.error();
        std::unique_ptr<Stack> next;
        const auto made = on_control([&] { next = make_stack(std::move(registry), *resolved, stack_.get()); });
        if (made.status != JF_OK)
            return made;
        Error ready{JF_OK, ""};
        if (!next->board->shares_identity_with(*stack_->board))
            ready = load_identity_of(*next);
        return on_control([&] {
            if (ready.status == JF_OK && next->switchboard != stack_->switchboard)
                ready = go_online(*next);
            if (ready.status == JF_OK)
                take_over(std::move(next));
            next.reset(); // here, where its plugins may be destroyed
            if (ready.status != JF_OK)
                throw Failure(ready);
        });
    }();
    on_control([&] {
        tell(Step::configuration, result.status == JF_OK ? Moment::done : Moment::failed,
             result.status == JF_OK ? nlohmann::json{{"file", config.name}}.dump() : failure_detail(result));
    });
    if (result.status != JF_OK)
        return std::unexpected(result);
    return ids_of(*stack_);
}

void Node::Impl::take_over(std::unique_ptr<Stack> next)
{
    const bool withdraws = next->switchboard != stack_->switchboard;
    next->switchboard->hand_requests_to(
        [&environment = *next->environment](const Device& sender, const CallMessage& message) {
            request(environment, sender, message);
        });
    retiring_.push_back(std::exchange(stack_, std::move(next)));
    Stack* const old = retiring_.back().get();
    asio::co_spawn(control_.context(), retire(*old->environment, withdraws), [this, old](const std::exception_ptr&) {
        // On a later turn: what was posted about its links before must still find it.
        control_.post([this, old] { retired(old); });
    });
}

void Node::Impl::retired(Stack* old)
{
    std::erase_if(retiring_, [old](const auto& stack) { return stack.get() == old; });
    gone();
}

// --- calls ----------------------------------------------------------------------------------------------------------

std::shared_ptr<Call> Node::Impl::call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    if (!listener)
        listener = std::make_shared<SilentListener>();
    const auto call =
        std::make_shared<Call>(timeline_, Side::caller, std::move(peer), std::move(plan), std::move(listener));
    post([this, call] { start_call(*stack_->environment, call); });
    return call;
}

void Node::Impl::request(Environment& environment, const Device& sender, const CallMessage& message)
{
    if (message.kind == JF_CALL_REQUEST)
        spawn(environment, accept_link(environment, sender, message));
}

void Node::Impl::invited(Environment& environment, const std::shared_ptr<Link>& link, std::uint64_t number,
                         std::string offer, std::string name)
{
    const auto call = std::make_shared<Call>(timeline_, Side::callee, link->peer.account_id, MediaPlan{}, nullptr);
    call->display_name = std::move(name);
    IncomingPlan plan{{}, nullptr, JF_REASON_BUSY};
    if (!environment.stopping)
        plan = listener_->incoming({call->id, link->peer.account_id, link->peer.device_id, call->display_name});
    call->plan = std::move(plan.media);
    call->listener = plan.listener ? std::move(plan.listener) : std::make_shared<SilentListener>();
    if (plan.refuse)
        call->refuse(*plan.refuse);
    take_call(environment, call, link, number, std::move(offer));
}

std::string Node::Impl::describe_discovery()
{
    return wait_for<std::string>(control_, [this](const std::function<void(std::string)>& hand_over) {
        hand_over(stack_->switchboard->describe());
    });
}

// --- the end --------------------------------------------------------------------------------------------------------

void Node::Impl::stop()
{
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
    if (std::exchange(stopped_, true))
        return;
    wait_for<Error>(control_, [this](const std::function<void(Error)>& hand_over) {
        for (const auto& old : retiring_)
            dismiss(*old->environment);
        asio::co_spawn(control_.context(), leave(*stack_->environment),
                       [this, hand_over](const std::exception_ptr& exception) {
                           on_gone_ = [hand_over, end = outcome(exception)] { hand_over(end); };
                           gone();
                       });
    });
    control_.stop();
}

/// When the last stack has left, all of them go: the earlier ones first, whose plugins the current one may share.
void Node::Impl::gone()
{
    if (!on_gone_ || !retiring_.empty())
        return;
    stack_.reset();
    std::exchange(on_gone_, nullptr)();
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

std::expected<OwnIds, Error> Node::reconfigure(const Config& config)
{
    return reconfigure(config, Registry::scan(config.plugin_path));
}

std::expected<OwnIds, Error> Node::reconfigure(const Config& config, Registry registry)
{
    return impl_->reconfigure(config, std::move(registry));
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
