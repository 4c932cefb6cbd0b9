// The kernel as a program uses it. See node.hpp.

#include "kernel/node/node.hpp"

#include "kernel/config/find_plugins.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/flow/crossing.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

#include <asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// Says that nobody listens to a call's events, or a file's.
class SilentListener final : public CallListener, public FileListener {
public:
    void ended(Call&, const CallEnd&) override {}
    void ended(FileTransfer&, const FileEnd&) override {}
};

} // namespace

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

// --- making ---------------------------------------------------------------------------------------------------------

std::expected<std::unique_ptr<Node>, Error> Node::create(const Config& config, std::shared_ptr<NodeListener> listener,
                                                         LogSink log)
{
    return create(config, find_plugins(config), std::move(listener), std::move(log));
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
      log_(std::move(log)),
      introductions_(control_, timeline_, introduction_ears()),
      cards_(control_, timeline_,
             [this](const std::string& account, const Vcard& card) { listener_->profile(account, card); })
{
    const auto resolved = resolve(config, registry);
    if (!resolved)
        throw Failure(resolved.error());
    timeline_.add([this](const TimelineEvent& event) { listener_->timeline(event); });
    open_texts(config);
    stack_ = make_stack(std::move(registry), *resolved, nullptr);
    control_.start();
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
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
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

std::expected<OwnIds, Error> Node::Impl::start(bool announced)
{
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
    const Error loaded = load_identity_of(*stack_);
    if (loaded.status != JF_OK)
        return std::unexpected(loaded);
    if (const auto texts = texts_belong_to(stack_->environment->self.account_id); texts.status != JF_OK)
        return std::unexpected(texts);
    const auto online = wait_for<Error>(control_, [this, announced](const std::function<void(Error)>& hand_over) {
        const Error begun = go_online(*stack_, announced);
        if (begun.status == JF_OK) {
            begin_watching();
            introduce_in(stack_->environment.get());
            watch_network();
        }
        hand_over(begun);
    });
    if (online.status != JF_OK)
        return std::unexpected(online);
    started_ = true;
    return ids_of(*stack_);
}

Error Node::Impl::go_online(Stack& stack, bool announced)
{
    tell(Step::discovery, Moment::start);
    try {
        stack.switchboard->start();
    } catch (const Failure& failure) {
        tell(Step::discovery, Moment::failed, failure_detail(failure.error()));
        return failure.error();
    }
    if (!announced)
        return {JF_OK, ""};
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
    texts_work_in(stack.environment.get());
    return {JF_OK, ""};
}

// --- calls ----------------------------------------------------------------------------------------------------------

std::shared_ptr<Call> Node::Impl::make_call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    if (!listener)
        listener = std::make_shared<SilentListener>();
    return std::make_shared<Call>(timeline_, Side::caller, std::move(peer), std::move(plan), std::move(listener));
}

std::shared_ptr<Call> Node::Impl::follow(const std::shared_ptr<Referral>& referral, MediaPlan plan,
                                         std::shared_ptr<CallListener> listener)
{
    const auto call = make_call(referral->target, std::move(plan), std::move(listener));
    post([this, call, referral] { start_following(*stack_->environment, call, referral); });
    return call;
}

std::shared_ptr<Call> Node::Impl::call(std::string peer, MediaPlan plan, std::shared_ptr<CallListener> listener)
{
    const auto call = make_call(std::move(peer), std::move(plan), std::move(listener));
    post([this, call] { start_call(*stack_->environment, call); });
    return call;
}

void Node::Impl::request(Environment& environment, const Device& sender, const CallMessage& message)
{
    if (message.purpose == kContactPurpose && &environment == stack_->environment.get())
        introductions_.heard(sender, message);
    if (message.kind == JF_CALL_REQUEST && message.purpose == kCallPurpose)
        spawn(environment, accept_link(environment, sender, message));
}

void Node::Impl::invited(Environment& environment, const std::shared_ptr<Link>& link, Invitation invitation)
{
    if (crosses(environment, link, invitation))
        return;
    const auto call = std::make_shared<Call>(timeline_, Side::callee, link->peer.account_id, MediaPlan{}, nullptr);
    call->display_name = std::move(invitation.display_name);
    call->referred_by = Contacts::normal_id(invitation.referral.referred_by).value_or("");
    const auto& name = invitation.referral.replaces;
    const auto replaced = name.empty() ? Replacement{nullptr} : find_replaced_of_all(name);
    IncomingPlan plan{{}, nullptr, JF_REASON_BUSY};
    const auto& caller = link->peer;
    const auto* const contact = environment.contacts.find(caller.account_id);
    // Over a link of ours; a request of theirs would not have been answered.
    if (!may_call(environment, caller.account_id))
        plan.refuse = JF_REASON_NO_ANSWER;
    else if (replaced.refusal)
        plan.refuse = replaced.refusal;
    else if (!environment.stopping)
        plan = listener_->incoming({call->id, caller.account_id, caller.device_id, call->display_name,
                                    contact == nullptr ? "" : contact->name, call->referred_by,
                                    replaced.call ? replaced.call->id : ""});
    call->plan = std::move(plan.media);
    call->listener = plan.listener ? std::move(plan.listener) : std::make_shared<SilentListener>();
    if (plan.refuse) {
        call->refuse(*plan.refuse);
    } else if (replaced.call) {
        call->replaces = replaced.call;
        call->answer();
    }
    take_call(environment, call, link, std::move(invitation));
}

// --- files ----------------------------------------------------------------------------------------------------------

std::shared_ptr<FileTransfer> Node::Impl::send_file(std::string peer, std::filesystem::path file,
                                                    std::shared_ptr<FileListener> listener)
{
    if (!listener)
        listener = std::make_shared<SilentListener>();
    const auto transfer =
        std::make_shared<FileTransfer>(timeline_, Side::caller, std::move(peer), std::move(file), std::move(listener));
    post([this, transfer] { start_file(*stack_->environment, transfer); });
    return transfer;
}

void Node::Impl::cancel(const std::shared_ptr<FileTransfer>& transfer)
{
    post([this, transfer] {
        transfer->cancel();
        stack_->environment->bell.ring(); // it may wait for its turn
    });
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
        network_.reset();
        if (diagnosis_ != nullptr)
            diagnosis_->cancel();
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
    texts_work_in(nullptr);
    introduce_in(nullptr);
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
    return impl_->start(true);
}

std::expected<OwnIds, Error> Node::start_unannounced()
{
    return impl_->start(false);
}

std::expected<OwnIds, Error> Node::reconfigure(const Config& config)
{
    return reconfigure(config, find_plugins(config));
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

void Node::change(const std::shared_ptr<Call>& call, MediaChange change)
{
    impl_->post([call, change = std::move(change)] { call->change(change); });
}

void Node::mute(const std::shared_ptr<Call>& call, bool muted)
{
    impl_->post([call, muted] { call->mute(muted); });
}

void Node::send_digits(const std::shared_ptr<Call>& call, std::string keys)
{
    impl_->post([call, keys = std::move(keys)] { call->send_digits(keys); });
}

void Node::rotate(const std::shared_ptr<Call>& call, std::uint32_t degrees)
{
    impl_->post([call, degrees] { call->rotate(degrees); });
}

void Node::transfer(const std::shared_ptr<Call>& call, std::string account)
{
    impl_->post([call, account = std::move(account)] { call->transfer({account, nullptr}); });
}

void Node::transfer(const std::shared_ptr<Call>& call, const std::shared_ptr<Call>& other)
{
    impl_->post([call, other] { call->transfer({other->peer_account, other}); });
}

std::shared_ptr<Call> Node::follow(const std::shared_ptr<Referral>& referral, MediaPlan plan,
                                   std::shared_ptr<CallListener> listener)
{
    return impl_->follow(referral, std::move(plan), std::move(listener));
}

void Node::refuse_referral(const std::shared_ptr<Referral>& referral)
{
    impl_->post([referral] { referral->refuse(); });
}

std::shared_ptr<FileTransfer> Node::send_file(std::string peer_account, std::filesystem::path file,
                                              std::shared_ptr<FileListener> listener)
{
    return impl_->send_file(std::move(peer_account), std::move(file), std::move(listener));
}

void Node::cancel(const std::shared_ptr<FileTransfer>& transfer)
{
    impl_->cancel(transfer);
}

void Node::accept(const std::shared_ptr<FileTransfer>& transfer)
{
    impl_->post([transfer] { transfer->accept(); });
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
