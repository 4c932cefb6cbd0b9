// A node as a program in another language has it. See open_node.hpp.

#include "kernel/capi/open_node.hpp"

#include "kernel/capi/door.hpp"
#include "kernel/contacts/contacts_file.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace jackfield::kernel::capi {

namespace {

constexpr std::size_t kEvents = 4096;
constexpr std::chrono::seconds kLastCallback{1}; // a program that exits waits for it no longer
constexpr const char* kNothing = "none";

/// Where plugins are if the file does not say: beside this library, as it is built and as it is installed, for the
/// program is somebody else's (/usr/bin/python3); then where the kernel looks.
void look_beside_library(Config& config)
{
    Dl_info library;
    if (config.plugin_path != default_plugin_path() ||
        dladdr(reinterpret_cast<const void*>(&jackfield_version), &library) == 0)
        return;
    std::error_code failed;
    const auto folder = std::filesystem::canonical(library.dli_fname, failed).parent_path();
    if (!failed)
        config.plugin_path.insert(config.plugin_path.begin(),
                                  {folder.parent_path() / "plugins", folder / "jackfield" / "plugins"});
}

} // namespace

std::string account_of(const std::string& peer, const Config& config)
{
    if (const auto id = Contacts::normal_id(peer))
        return *id;
    const auto contacts = config.contacts.empty() ? Contacts() : or_throw(load_contacts(config.contacts));
    if (const auto id = contacts.account_of(peer))
        return *id;
    throw Failure(JF_BAD_INPUT,
                  fmt::format("peer \"{}\": no account and no contact; looked {}; 64 hexadecimal digits, a URI like "
                              "sip:alice@example.net, or the name of a contact would work",
                              peer.substr(0, 64),
                              config.contacts.empty() ? "at its form, for the configuration names no contacts"
                                                      : "in \"" + config.contacts.string() + "\""));
}

OpenNode::OpenNode(Config config, const jackfield_options& options)
    : options_(options),
      ear_(std::make_shared<Ear>(options.most_events == 0 ? kEvents : options.most_events)),
      config_(std::move(config))
{
    look_beside_library(config_);
    node_ = or_throw(Node::create(config_, ear_));
    if (!has_callback())
        return;
    dispatcher_ = std::thread([this] {
        dispatch();
        const std::lock_guard lock(dispatched_mutex_);
        dispatched_ = true;
        dispatched_changed_.notify_all();
    });
}

void OpenNode::dispatch()
{
    dispatcher_id_ = std::this_thread::get_id();
    for (;;) {
        const auto event = ear_->queue.pop(-1);
        if (!event || closing_)
            return;
        options_.on_event(options_.user, event->c_str());
    }
}

void OpenNode::start()
{
    const std::unique_lock lock(state_mutex_);
    if (state_ == State::running)
        throw Failure(JF_BUSY, "node: it has started already; to reconfigure it would work");
    if (state_ == State::stopped)
        check_running();
    ids_ = or_throw(node_->start());
    state_ = State::running;
    NodeTable::get().go_first_at_exit();
}

void OpenNode::reconfigure(Config config)
{
    const std::unique_lock lock(state_mutex_);
    check_running();
    look_beside_library(config);
    ids_ = or_throw(node_->reconfigure(config));
    config_ = std::move(config);
    NodeTable::get().go_first_at_exit();
}

void OpenNode::stop()
{
    const std::unique_lock lock(state_mutex_);
    if (std::exchange(state_, State::stopped) == State::stopped)
        return;
    node_->stop();
    ear_->all_ended();
    ear_->queue.close();
    node_.reset(); // nobody asks it any more, and whoever has the last hold of us may have it after the plugins
}

void OpenNode::close()
{
    closing_ = true;
    stop();
    const std::lock_guard lock(dispatcher_mutex_);
    if (dispatcher_.joinable())
        dispatcher_.join();
}

void OpenNode::close_at_exit()
{
    closing_ = true;
    try {
        stop();
    } catch (const std::exception&) { // nobody is left who could be told
    }
    if (!has_callback() || is_callback_thread())
        return;
    std::unique_lock lock(dispatched_mutex_);
    dispatched_changed_.wait_for(lock, kLastCallback, [this] { return dispatched_; });
}

void OpenNode::check_running() const
{
    if (state_ == State::made)
        throw Failure(JF_BUSY, "node: it has not started; after jackfield_node_start it would work");
    if (state_ == State::stopped)
        throw Failure(JF_CLOSED, "node: it was stopped; a new one would work");
}

OwnIds OpenNode::ids()
{
    const std::shared_lock lock(state_mutex_);
    check_running();
    return ids_;
}

std::string OpenNode::listens_at()
{
    const std::shared_lock lock(state_mutex_);
    check_running();
    return node_->discovery_address();
}

MediaPlan OpenNode::plan_of(const Media& media) const
{
    MediaPlan plan;
    plan.send = media.send.value_or(config_.call.send);
    plan.play = media.play.value_or(config_.call.play);
    for (auto* name : {&plan.send, &plan.play}) {
        if (*name == kNothing)
            name->clear();
    }
    plan.record = media.record;
    plan.video = media.video;
    plan.record_both = media.both_sides;
    return plan;
}

/// Nothing is written over.
void OpenNode::check_recording(const Media& media)
{
    std::error_code failed;
    if (!media.record.empty() && !media.overwrite && std::filesystem::exists(media.record, failed))
        throw Failure(JF_REFUSED, fmt::format("record \"{}\": it is there already; looked in the file system; another "
                                              "name, or JACKFIELD_OVERWRITE, would work",
                                              media.record));
}

std::string OpenNode::place(const std::string& peer, const Media& media)
{
    const std::shared_lock lock(state_mutex_);
    check_running();
    check_recording(media);
    const auto call = node_->call(account_of(peer, config_), plan_of(media), ear_);
    ear_->calls.reached(call, JACKFIELD_CALLING);
    return call->id;
}

std::string OpenNode::follow(const std::string& id, const Media& media)
{
    const std::shared_lock lock(state_mutex_);
    check_running();
    check_recording(media);
    const auto call = node_->follow(ear_->take_referral(id), plan_of(media), ear_);
    ear_->calls.reached(call, JACKFIELD_CALLING);
    return call->id;
}

std::string OpenNode::send_file(const std::string& peer, const std::string& file)
{
    const std::shared_lock lock(state_mutex_);
    check_running();
    const auto transfer = node_->send_file(account_of(peer, config_), file, ear_);
    ear_->files.reached(transfer, JACKFIELD_OFFERED);
    return transfer->id;
}

void OpenNode::take_calls(std::uint32_t most, const Media& media)
{
    const std::shared_lock lock(state_mutex_);
    if (state_ == State::stopped)
        check_running();
    ear_->take_calls(most, plan_of(media), media.overwrite);
}

} // namespace jackfield::kernel::capi
