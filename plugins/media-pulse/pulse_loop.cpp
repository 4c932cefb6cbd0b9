// The connection to the sound server. See pulse_loop.hpp.

#include "pulse_loop.hpp"

#include <chrono>

namespace media_pulse {

using jackfield::Failure;

namespace {

constexpr auto kPatience = std::chrono::seconds(1);
constexpr pa_usec_t kAgainAfter = PA_USEC_PER_SEC;

template <typename State>
const char* word_of(State state)
{
    return state == static_cast<State>(0) ? "in use" : "idle"; // RUNNING is 0 of both kinds
}

template <typename Info>
bool unplugged(const Info& info)
{
    return info.active_port != nullptr && info.active_port->available == PA_PORT_AVAILABLE_NO;
}

} // namespace

PulseLoop::PulseLoop(jackfield::Host host, Options options)
    : host_(host), options_(std::move(options)), loop_(pa_threaded_mainloop_new())
{
    if (loop_ == nullptr)
        throw Failure(JF_EXHAUSTED, "libpulse has no memory for a loop");
    pa_threaded_mainloop_set_name(loop_.get(), "jf-pulse");
    connect();
    if (pa_threaded_mainloop_start(loop_.get()) < 0)
        throw Failure(JF_EXHAUSTED, "libpulse cannot start a thread");
}

PulseLoop::~PulseLoop()
{
    {
        const Lock lock(*this);
        ready_ = false;
        if (again_ != nullptr)
            pa_threaded_mainloop_get_api(loop_.get())->time_free(again_);
        if (context_ != nullptr) {
            pa_context_set_state_callback(context_.get(), nullptr, nullptr);
            pa_context_set_subscribe_callback(context_.get(), nullptr, nullptr);
            pa_context_disconnect(context_.get());
        }
        context_.reset();
    }
    pa_threaded_mainloop_stop(loop_.get());
}

Server PulseLoop::wait()
{
    std::unique_lock lock(mutex_);
    settled_.wait_for(lock, kPatience, [this] { return known_; });
    if (!known_)
        throw Failure(JF_TIMEOUT, "the sound server does not answer");
    if (!server_.connected)
        throw Failure(JF_UNREACHABLE, "no sound server: " + server_.problem +
                                          "; PulseAudio or PipeWire must run for this user, or \"server\" name one");
    return server_;
}

// --- the connection -------------------------------------------------------------------------------------------------

void PulseLoop::connect()
{
    auto* const api = pa_threaded_mainloop_get_api(loop_.get());
    context_.reset(pa_context_new(api, "Jackfield"));
    if (context_ == nullptr)
        return lost("no memory for a connection");
    pa_context_set_state_callback(context_.get(), [](pa_context*, void* self) { of(self).state_changed(); }, this);
    pa_context_set_subscribe_callback(
        context_.get(), [](pa_context*, pa_subscription_event_type_t, std::uint32_t, void* self) { of(self).look(); },
        this);
    const char* const server = options_.server.empty() ? nullptr : options_.server.c_str();
    if (pa_context_connect(context_.get(), server, PA_CONTEXT_NOAUTOSPAWN, nullptr) < 0 && context_ != nullptr)
        lost(pa_strerror(pa_context_errno(context_.get())));
}

void PulseLoop::state_changed()
{
    const auto state = pa_context_get_state(context_.get());
    if (state == PA_CONTEXT_READY)
        begin();
    else if (state == PA_CONTEXT_FAILED || state == PA_CONTEXT_TERMINATED)
        lost(pa_strerror(pa_context_errno(context_.get())));
}

void PulseLoop::begin()
{
    ready_ = true;
    if (std::exchange(said_lost_, false))
        host_.info("the sound server is back");
    constexpr auto kWhat = static_cast<pa_subscription_mask_t>(PA_SUBSCRIPTION_MASK_SINK | PA_SUBSCRIPTION_MASK_SOURCE |
                                                               PA_SUBSCRIPTION_MASK_SERVER);
    if (auto* const asked = pa_context_subscribe(context_.get(), kWhat, nullptr, nullptr))
        pa_operation_unref(asked);
    looking_ = stale_ = false;
    look();
    for (auto* const user : users_)
        user->connected();
}

/// Asked again from time to time: nobody says when a server has started.
void PulseLoop::lost(const std::string& problem)
{
    if (std::exchange(ready_, false)) {
        host_.warning("the sound server is gone: " + problem);
        said_lost_ = true;
        for (auto* const user : users_)
            user->disconnected();
    }
    devices_.clear();
    publish(false, problem);
    if (context_ != nullptr) {
        pa_context_set_state_callback(context_.get(), nullptr, nullptr);
        pa_context_set_subscribe_callback(context_.get(), nullptr, nullptr);
    }
    connect_again_later();
}

void PulseLoop::connect_again_later()
{
    if (again_ != nullptr)
        return;
    auto* const api = pa_threaded_mainloop_get_api(loop_.get());
    timeval when{};
    pa_timeval_add(pa_gettimeofday(&when), kAgainAfter);
    again_ = api->time_new(
        api, &when,
        [](pa_mainloop_api* its_api, pa_time_event* event, const timeval*, void* self) {
            its_api->time_free(event);
            of(self).again_ = nullptr;
            of(self).connect();
        },
        this);
}

// --- devices --------------------------------------------------------------------------------------------------------

/// Default devices, sources and sinks, one after the other: the server answers in the order of the questions.
void PulseLoop::look()
{
    if (!ready_)
        return;
    if (std::exchange(looking_, true)) {
        stale_ = true;
        return;
    }
    stale_ = false;
    seen_.clear();
    pa_operation* const asked[] = {
        pa_context_get_server_info(
            context_.get(), [](pa_context*, const pa_server_info* info, void* self) { of(self).saw_server(info); },
            this),
        pa_context_get_source_info_list(
            context_.get(),
            [](pa_context*, const pa_source_info* info, int end, void* self) { of(self).saw_source(info, end); }, this),
        pa_context_get_sink_info_list(
            context_.get(),
            [](pa_context*, const pa_sink_info* info, int end, void* self) { of(self).saw_sink(info, end); }, this)};
    for (auto* const operation : asked) {
        if (operation != nullptr)
            pa_operation_unref(operation);
    }
}

void PulseLoop::saw_server(const pa_server_info* info)
{
    const auto text = [](const char* name) { return std::string(name != nullptr ? name : ""); };
    default_source_ = info != nullptr ? text(info->default_source_name) : "";
    default_sink_ = info != nullptr ? text(info->default_sink_name) : "";
}

void PulseLoop::saw_source(const pa_source_info* info, int end)
{
    if (end == 0 && info != nullptr)
        seen_.push_back({"microphone", info->name, info->description, info->name == default_source_,
                         unplugged(*info) ? "unplugged" : word_of(info->state)});
}

void PulseLoop::saw_sink(const pa_sink_info* info, int end)
{
    if (end == 0 && info != nullptr)
        seen_.push_back({"speaker", info->name, info->description, info->name == default_sink_,
                         unplugged(*info) ? "unplugged" : word_of(info->state)});
    if (end != 0)
        look_done();
}

void PulseLoop::look_done()
{
    looking_ = false;
    devices_ = seen_;
    publish(true, {});
    if (stale_)
        look();
    for (auto* const user : users_)
        user->devices_changed();
}

void PulseLoop::publish(bool connected, std::string problem)
{
    {
        const std::lock_guard lock(mutex_);
        server_ = {connected, std::move(problem), devices_};
        known_ = true;
    }
    settled_.notify_all();
}

} // namespace media_pulse
