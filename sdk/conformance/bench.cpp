// What a test works with: instances with hosts, identities, what the environment describes.
//
// Threads: the test's; a host may be called on any. Lifetime: see kit.hpp.
#include "bench_parts.hpp"
#include "service_watch.hpp"

#include <condition_variable>

namespace jackfield::conformance {

namespace {

struct BellRope {
    std::mutex mutex;
    std::condition_variable changed;
    bool rung = false;
};
BellRope& rope()
{
    static BellRope one;
    return one;
}

} // namespace

void Bell::ring()
{
    const std::lock_guard lock(rope().mutex);
    rope().rung = true;
    rope().changed.notify_all();
}

void Bell::wait(std::chrono::nanoseconds at_most)
{
    std::unique_lock lock(rope().mutex);
    rope().changed.wait_for(lock, at_most, [] { return rope().rung; });
    rope().rung = false;
}

// --- one instance ---------------------------------------------------------------------------------------------------

testing::FakeHost& Life::called(void* self)
{
    if (of(self).dead_)
        of(self).used_late_ = true;
    return of(self).host_;
}

Life::Life(const jf_factory& factory, testing::Clock clock,
           const std::vector<std::pair<std::string, const void*>>& services, const std::string& config, bool under_test)
    : factory_(factory), host_(clock), raw_(*host_.raw()), under_test_(under_test)
{
    for (const auto& [id, service] : services)
        host_.provide(id, service);
    raw_.self = this;
    raw_.log = [](void* self, std::int32_t level, jf_text line) {
        called(self).raw()->log(&of(self).host_, level, line);
    };
    raw_.post = [](void* self, jf_task task) {
        called(self).raw()->post(&of(self).host_, task);
        Bell::ring();
    };
    raw_.start_timer = [](void* self, std::int64_t delay_ns, jf_task task) {
        const jf_timer timer = called(self).raw()->start_timer(&of(self).host_, delay_ns, task);
        Bell::ring();
        return timer;
    };
    raw_.cancel_timer = [](void* self, jf_timer timer) { called(self).raw()->cancel_timer(&of(self).host_, timer); };
    raw_.now_ns = [](void* self) { return called(self).now_ns(); };
    raw_.wall_ms = [](void* self) { return called(self).raw()->wall_ms(&of(self).host_); };
    raw_.random = [](void* self, std::uint8_t* data, std::size_t size) {
        called(self).raw()->random(&of(self).host_, data, size);
    };
    raw_.on_control_thread = [](void* self) { return called(self).raw()->on_control_thread(&of(self).host_); };
    raw_.get_service = [](void* self, jf_text id) {
        if (of(self).under_test_)
            service_asked(view(id));
        return called(self).raw()->get_service(&of(self).host_, id);
    };
    raw_.log_enabled = [](void* self, std::int32_t level) {
        return called(self).raw()->log_enabled(&of(self).host_, level);
    };
    jf_error error = no_error();
    doing("create of " + std::string(view(factory_.interface_id)));
    const Status status = factory_.create(&raw_, to_text(config), &self_, &error);
    doing("");
    if (status != JF_OK)
        throw Failure(status, error_text(&error));
    alive_ = true;
}

Life::~Life()
{
    destroy();
}

void Life::destroy()
{
    if (!std::exchange(alive_, false))
        return;
    host_.close_gate();
    doing("destroy of " + std::string(view(factory_.interface_id)));
    factory_.destroy(self_);
    doing("");
    dead_ = true;
}

// --- all of them ----------------------------------------------------------------------------------------------------

Bench::Bench(Request request) : request_(std::move(request)), parts_(std::make_unique<Parts>(request_))
{
    set_variables();
}

Bench::~Bench()
{
    end_lives();
}

std::size_t Bench::lives() const
{
    return parts_->lives.size();
}

std::size_t Bench::timers() const
{
    std::size_t count = 0;
    for (const auto& life : parts_->lives)
        count += life->host().timer_count();
    return count;
}

void Bench::end_lives()
{
    while (!parts_->lives.empty())
        parts_->lives.pop_back();
}

Life& Bench::make(std::string_view interface_id, int end)
{
    return make_with(interface_id, config(end), end);
}

Life& Bench::make_with(std::string_view interface_id, const std::string& config, int end)
{
    std::vector<std::pair<std::string, const void*>> services;
    if (identities_wanted_ && interface_id != JF_IDENTITY_INTERFACE)
        services.emplace_back(JF_IDENTITY_INTERFACE, identity(end));
    const bool other = end == 1 && !request_.peer.empty();
    const jf_factory& made_by = other ? find_in(load(request_.peer), interface_id) : factory(interface_id);
    parts_->lives.push_back(std::make_unique<Life>(made_by, clock_, services, config, !other));
    return *parts_->lives.back();
}

const jf_factory& Bench::factory(std::string_view interface_id) const
{
    return find_in(entry(), interface_id);
}

bool Bench::until(const std::function<bool()>& done, std::chrono::milliseconds limit)
{
    const auto end = std::chrono::steady_clock::now() + std::min(limit, request_.patience);
    for (;;) {
        std::optional<std::chrono::nanoseconds> next;
        for (const auto& life : parts_->lives) {
            if (done())
                return true;
            life->host().run_pending();
            const auto due = life->host().next_timer_in();
            if (due && (!next || *due < *next))
                next = due;
        }
        if (done())
            return true;
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= std::chrono::nanoseconds(0))
            return false;
        std::chrono::nanoseconds wait = std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(20));
        if (next && clock_ == testing::Clock::real)
            wait = std::max(std::min(wait, *next), std::chrono::nanoseconds(0));
        Bell::wait(wait);
    }
}

void Bench::run_pending()
{
    for (const auto& life : parts_->lives)
        life->host().run_pending();
}

void Bench::pass(std::chrono::nanoseconds time)
{
    const std::chrono::nanoseconds step = std::min<std::chrono::nanoseconds>(time, std::chrono::milliseconds(250));
    for (std::chrono::nanoseconds gone{0}; gone < time; gone += step) {
        for (const auto& life : parts_->lives)
            life->host().advance(step);
    }
}

} // namespace jackfield::conformance
