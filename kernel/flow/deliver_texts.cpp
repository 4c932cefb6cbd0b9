// Texts on their way. See deliver_texts.hpp.

#include "kernel/flow/deliver_texts.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// While it lives discovery tells when the account comes back.
class Watch {
public:
    Watch(Environment& node, std::string account) : node_(node), account_(std::move(account))
    {
        node_.switchboard.watch(account_);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { node_.switchboard.unwatch(account_); }

private:
    Environment& node_;
    std::string account_;
};

bool goes_on(const Environment& node)
{
    return !node.stopping && node.texts->works_in(node);
}

/// What the store's thread finds out. Throws StepFailure.
template <typename Result>
awaitable<Result> ask_store(Environment& node, std::function<Result(TextStore&)> question)
{
    const auto answer = std::make_shared<std::optional<std::expected<Result, Error>>>();
    node.texts->keeper().run<Result>(std::move(question), [&node, answer](std::expected<Result, Error> result) {
        *answer = std::move(result);
        node.bell.ring();
    });
    co_await until(node.bell, TimePoint::max(), [&] { return answer->has_value(); });
    if (!(*answer)->has_value())
        throw StepFailure(Step::text, (*answer)->error());
    co_return std::move(***answer);
}

// --- one device -----------------------------------------------------------------------------------------------------

/// A telephone knows no receipts: its answer says that it has the text, and the next one waits for that (RFC 3428
/// section 8).
void hand_over_plain(Environment& node, const std::shared_ptr<Courier>& courier, const Text& text)
{
    courier->link->signaling->message(
        "text/plain;charset=UTF-8", text.body,
        [&node, courier, id = text.id, weak = std::weak_ptr(courier->link)](const Error& result) {
            const auto link = weak.lock();
            if (result.status == JF_OK && link)
                node.texts->receipt(*link, id);
            else if (!courier->failure)
                courier->failure = result;
            node.bell.ring();
        });
}

int window(const Courier& courier)
{
    return courier.link->carried ? 1 : text_limits::kWindow;
}

/// Its message is on the link; it has arrived when its receipt comes.
void hand_over(Environment& node, const std::shared_ptr<Courier>& courier, const Text& text)
{
    courier->under_way.insert(text.id);
    if (courier->link->carried)
        return hand_over_plain(node, courier, text);
    courier->link->signaling->message(kCpimType, node.texts->on_the_wire(text), [&node, courier](const Error& result) {
        if (result.status != JF_OK && !courier->failure)
            courier->failure = result;
        node.bell.ring();
    });
}

/// Those that come after the last one sent. What the round began with is known, if its first page is.
awaitable<std::vector<Text>> next_page(Environment& node, std::shared_ptr<Outbox> box, std::int64_t sent, int room)
{
    if (const auto& first = box->first_page; sent < box->first_waiting && !first.empty())
        co_return std::vector<Text>(first.begin(), first.begin() + std::min<std::ptrdiff_t>(room, std::ssize(first)));
    std::function<std::vector<Text>(TextStore&)> next = [account = box->account, sent, room](TextStore& store) {
        return store.ours_after(account, sent, room);
    };
    co_return co_await ask_store<std::vector<Text>>(node, std::move(next));
}

/// All there is from the first that waits on, in order, some under way at once.
awaitable<void> send_all(Environment& node, std::shared_ptr<Outbox> box, std::shared_ptr<Courier> courier)
{
    auto sent = box->first_waiting - 1;
    auto seen = box->writes;
    bool more = true; // there may be
    const auto useless = [&] { return !goes_on(node) || courier->failure || !courier->link->usable(); };
    const auto silent_at = [&] {
        return courier->under_way.empty() ? TimePoint::max() : courier->heard + limits::kTextReceipt;
    };
    courier->heard = now();
    while (!useless() && !box->round_over) {
        const int room = window(*courier) - static_cast<int>(courier->under_way.size());
        if (more && room > 0) {
            seen = sent < box->first_waiting ? box->round_writes : box->writes;
            const auto page = co_await next_page(node, box, sent, room);
            if (useless())
                break;
            if (courier->under_way.empty())
                courier->heard = now(); // the wait begins with what is sent now
            more = static_cast<int>(page.size()) == room;
            for (const Text& text : page) {
                hand_over(node, courier, text);
                sent = text.number;
            }
            continue;
        }
        courier->idle = !more && courier->under_way.empty();
        if (courier->idle)
            node.bell.ring(); // the round may be over
        const bool stirred = co_await until(node.bell, silent_at, [&] {
            more = more || box->writes != seen;
            const bool room_again = more && static_cast<int>(courier->under_way.size()) < window(*courier);
            const bool all_arrived = !courier->idle && !more && courier->under_way.empty();
            return useless() || box->round_over || room_again || all_arrived;
        });
        courier->idle = false;
        if (!stirred)
            throw StepFailure(Step::text, JF_TIMEOUT, "the peer's device sent no receipt in time");
    }
    if (courier->failure)
        throw StepFailure(Step::text, *courier->failure);
    if (!courier->link->usable())
        throw StepFailure(Step::text, JF_CLOSED, "the connection to the peer's device ended");
}

awaitable<void> carry(Environment& node, std::shared_ptr<Outbox> box, std::shared_ptr<Courier> courier)
{
    try {
        courier->link = co_await link_to(node, courier->errand, courier->device); // 2-5
        co_await send_all(node, box, courier);
    } catch (const StepFailure& failure) {
        courier->failure = failure.error();
        if (failure.step() == Step::text && failure.status() == JF_TIMEOUT)
            node.links.drop(courier->link); // it has died without a word; whoever comes next opens another
    }
    courier->link.reset();
    courier->ended = true;
    node.bell.ring();
}

// --- one round ------------------------------------------------------------------------------------------------------

/// A courier for a device that has had none in this round.
void serve(Environment& node, const std::shared_ptr<Outbox>& box, const Device& device)
{
    if (device.device_id == node.self.device_id)
        return;
    const auto known =
        std::ranges::find_if(box->couriers, [&](const auto& one) { return one->device.device_id == device.device_id; });
    if (known != box->couriers.end())
        return;
    box->couriers.push_back(
        std::make_shared<Courier>(Courier{device, std::make_shared<LinkErrand>(node.timeline, "")}));
    spawn(node, carry(node, box, box->couriers.back()));
}

bool all_at_rest(const Outbox& box)
{
    return std::ranges::all_of(box.couriers, [](const auto& one) { return one->ended || one->idle; });
}

/// Devices with an open link at once; others are looked for, unless that was done just now.
awaitable<void> serve_everybody(Environment& node, std::shared_ptr<Outbox> box)
{
    std::optional<Search> search;
    const bool linked = !node.links.devices_of(box->account).empty();
    if (node.texts->time_to_look_for(box->account) || !linked)
        search.emplace(node.switchboard, box->account, [&node] { node.bell.ring(); }, Asking::unless_watched);
    const auto deadline = now() + limits::kFind;
    const auto searching = [&] { return search && !search->done() && now() < deadline; };
    const auto round_is_over = [&] {
        for (const auto& device : node.links.devices_of(box->account))
            serve(node, box, device);
        for (const auto& device : search ? search->devices() : std::vector<Device>())
            serve(node, box, device);
        return !goes_on(node) || (!searching() && all_at_rest(*box));
    };
    bool over = false;
    while (!over)
        over = co_await until(node.bell, [&] { return searching() ? deadline : TimePoint::max(); }, round_is_over);
}

/// One attempt: every device that can be reached gets everything that waits. How it ended for the one that got on best.
awaitable<Error> one_round(Environment& node, std::shared_ptr<Outbox> box)
{
    box->progress = box->round_over = box->peer_is_back = false;
    box->in_round = true;
    co_await serve_everybody(node, box);
    box->round_over = true;
    for (const auto& courier : box->couriers)
        courier->errand->drop();
    node.bell.ring();
    co_await until(node.bell, TimePoint::max(),
                   [&] { return std::ranges::all_of(box->couriers, [](const auto& one) { return one->ended; }); });
    Error best{JF_NOT_FOUND, "no device of that account can be reached"};
    for (const auto& courier : box->couriers) {
        if (best.status != JF_OK)
            best = courier->failure.value_or(Error{JF_OK, ""});
    }
    box->couriers.clear();
    box->in_round = false;
    co_return best;
}

// --- between rounds -------------------------------------------------------------------------------------------------

void tell_rest(Environment& node, const Outbox& box, const Error& why, std::chrono::seconds pause)
{
    const nlohmann::json detail{{"what", "waits"},
                                {"account", box.account},
                                {"for_s", pause.count()},
                                {"status", status_word(why.status)},
                                {"text", why.text}};
    node.timeline.tell({0, "", Side::node, Step::text, Moment::progress,
                        detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

/// Until the pause is over, the peer is back, or something more was written, which ends it after the least pause.
awaitable<void> rest(Environment& node, std::shared_ptr<Outbox> box, std::chrono::seconds pause)
{
    const auto began = now();
    const auto writes = box->writes;
    co_await until(
        node.bell,
        [&] {
            return began + (box->writes != writes || box->progress ? std::chrono::seconds(limits::kTextPause) : pause);
        },
        [&] { return !goes_on(node) || box->peer_is_back; });
}

/// The place of the first text that waits for the account; 0 if none does.
awaitable<std::int64_t> first_waiting(Environment& node, std::string account)
{
    std::function<std::int64_t(TextStore&)> question = [account](TextStore& store) {
        return store.first_waiting(account);
    };
    co_return co_await ask_store<std::int64_t>(node, std::move(question));
}

/// A round, if anything waits. Nothing if nothing does, or does any more, or else how it went.
awaitable<std::optional<Error>> attempt(Environment& node, std::shared_ptr<Outbox> box)
{
    std::optional<Error> result;
    try {
        box->round_writes = box->writes;
        box->first_page = std::exchange(box->fresh, {});
        if (box->first_page.empty())
            box->first_waiting = co_await first_waiting(node, box->account);
        else
            box->first_waiting = box->first_page.front().number;
        if (box->first_waiting == 0)
            co_return std::nullopt;
        result = co_await one_round(node, box);
        const auto left = co_await first_waiting(node, box->account);
        if (left == 0)
            co_return std::nullopt;
        if (result->status == JF_OK && left == box->first_waiting && goes_on(node))
            result = Error{JF_BUSY, "a device has the texts, and that could not be kept"};
    } catch (const StepFailure& failure) {
        result = failure.error();
        node.texts->inbox().tell_problem(*result);
    }
    co_return result;
}

} // namespace

awaitable<void> deliver_texts(Environment& node, std::shared_ptr<Outbox> box)
{
    std::optional<Watch> watch;
    std::chrono::seconds pause = limits::kTextPause;
    while (goes_on(node)) {
        const auto writes = box->writes;
        const auto result = co_await attempt(node, box);
        if (!result && box->writes == writes)
            break;
        if (!result || result->status == JF_OK || !goes_on(node))
            continue;
        if (!watch)
            watch.emplace(node, box->account);
        if (box->progress)
            pause = limits::kTextPause;
        tell_rest(node, *box, *result, pause);
        co_await rest(node, box, pause);
        pause = box->progress ? std::chrono::seconds(limits::kTextPause) // a receipt came after the refusal
                              : std::min<std::chrono::seconds>(pause * 2, limits::kTextLongPause);
    }
    node.texts->delivery_ended(box);
}

} // namespace jackfield::kernel
