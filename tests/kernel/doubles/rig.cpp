// A node without network. See rig.hpp.

#include "tests/kernel/doubles/rig.hpp"

#include "kernel/config/resolve.hpp"
#include "kernel/flow/crossing.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/replaced_call.hpp"
#include "tests/kernel/doubles/codec.hpp"
#include "tests/kernel/doubles/diagnosis.hpp"
#include "tests/kernel/doubles/identity.hpp"
#include "tests/kernel/doubles/media_sink.hpp"
#include "tests/kernel/doubles/media_source.hpp"
#include "tests/kernel/doubles/media_transport.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/doubles/path_decorator.hpp"

#include <jackfield/plugin.hpp>

#include <asio/co_spawn.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jackfield::doubles {

namespace {

using Entry = jackfield::detail::EntryOf<IdentityDouble, DiscoveryDouble, ConnectivityDouble, SecureChannelDouble,
                                         ReliableStreamDouble, SignalingDouble, MediaTransportDouble, CodecDouble,
                                         MediaSourceDouble, MediaSinkDouble, PathDecoratorDouble, MultiplexerDouble,
                                         DiagnosisDouble>;

std::string line_of(const kernel::TimelineEvent& event)
{
    std::string line = std::string(name_of(event.step)) + " " + std::string(name_of(event.moment));
    const auto detail = nlohmann::json::parse(event.detail_json.empty() ? "{}" : event.detail_json);
    for (const char* word : {"what", "transport", "status"}) {
        if (detail.contains(word))
            line += " " + detail[word].get<std::string>();
    }
    if (detail.contains("failed_step"))
        line += " at " + detail["failed_step"].get<std::string>();
    if (detail.contains("text"))
        line += ": " + detail["text"].get<std::string>();
    return line;
}

} // namespace

kernel::Registry registry_of_doubles()
{
    kernel::Manifest manifest;
    manifest.id = "doubles";
    manifest.version = "1.0.0";
    manifest.abi = {JF_ABI_MAJOR, JF_ABI_MINOR};
    for (std::uint32_t i = 0; i < Entry::entry.factory_count; ++i)
        manifest.interfaces.emplace_back(view(Entry::entry.factories[i]->interface_id));
    // So that a test can tell two instances of one slot apart.
    manifest.schema_json = R"({"properties": {"variant": {"type": "integer"}}, "additionalProperties": false})";
    kernel::Registry registry;
    manifest.datagram_channels = true;
    registry.add(std::move(manifest), &Entry::entry);
    return registry;
}

kernel::Config config_of_doubles(const RigOptions& options)
{
    const nlohmann::json one{{"use", "doubles"}};
    nlohmann::json slots;
    for (const char* slot : {"identity", "connectivity", "secure_channel", "signaling", "media_transport"})
        slots[slot] = one;
    for (const char* slot : {"codec", "media_source", "media_sink"})
        slots[slot] = {one};
    if (options.reliable)
        slots["reliable_stream"] = one;
    if (options.over_channels)
        slots["media_transport"]["over"] = "multiplexer";
    if (options.multiplexer || options.over_channels)
        slots["multiplexer"] = one;
    for (int i = 0; i < options.decorators; ++i)
        slots["path_decorator"].push_back({{"use", "doubles"}, {"at", {"control", "secured", "signaling", "media"}}});
    slots["discovery"] = nlohmann::json::array();
    for (int i = 0; i < options.discoveries; ++i)
        slots["discovery"].push_back(one);
    auto config = kernel::parse_config(nlohmann::json{{"jackfield", 1}, {"slots", slots}}.dump(), "doubles.json");
    if (!config)
        throw kernel::Failure(config.error());
    return *config;
}

// --- Bench ----------------------------------------------------------------------------------------------------------

Bench::Bench(const RigOptions& options) : registry_(registry_of_doubles())
{
    kernel::StepClock::hold();
    const auto resolved = kernel::resolve(config_of_doubles(options), registry_);
    if (!resolved)
        throw kernel::Failure(resolved.error());
    board = std::make_unique<kernel::Board>(control, registry_, *resolved, JF_LOG_ERROR, kernel::LogSink());
}

Bench::~Bench()
{
    board.reset();
    EXPECT_EQ(stage.names(), "nothing") << "is still there when the plugins are gone";
    EXPECT_EQ(stage.problems, std::vector<std::string>());
    kernel::StepClock::release();
}

void Bench::settle()
{
    while (control.context().poll() > 0) {
    }
}

void Bench::advance(kernel::StepClock::duration by)
{
    kernel::StepClock::advance(by);
    // A timer that was over before all others makes the loop look at its timers.
    kernel::StepTimer nudge(control.context(), kernel::TimePoint());
    bool over = false;
    nudge.async_wait([&over](asio::error_code) { over = true; });
    while (!over)
        control.context().run_one();
    settle();
}

// --- Rig ------------------------------------------------------------------------------------------------------------

Rig::Rig(const RigOptions& options) : Bench(options)
{
    timeline.add([this](const kernel::TimelineEvent& event) { told.push_back(line_of(event)); });
    switchboard = std::make_unique<kernel::Switchboard>(
        control, *board, completions,
        [this](const kernel::Device& sender, const kernel::CallMessage& message) {
            if (message.kind == JF_CALL_REQUEST)
                spawn(*node, accept_link(*node, sender, message));
        },
        [](const std::string&, bool, const std::string&) {});
    switchboard->hear_carried([this](const kernel::Device& sender, std::unique_ptr<kernel::Carried> carried) {
        accept_carried(*node, sender, std::move(carried));
    });
    const auto invited = [this](const std::shared_ptr<kernel::Link>& link, kernel::Invitation invitation) {
        if (crosses(*node, link, invitation))
            return;
        const auto call = std::make_shared<kernel::Call>(timeline, kernel::Side::callee, link->peer.account_id,
                                                         kernel::MediaPlan{"tone", "tape", true, false}, program);
        call->display_name = invitation.display_name;
        call->referred_by = invitation.referral.referred_by;
        const auto& replaces = invitation.referral.replaces;
        const auto replaced = replaces.empty() ? kernel::Replacement{nullptr} : find_replaced(*node, replaces);
        if (replaced.refusal || refuse_incoming) {
            call->refuse(replaced.refusal.value_or(refuse_incoming.value_or(JF_REASON_BUSY)));
        } else if (replaced.call) {
            call->replaces = replaced.call;
            call->answer();
        }
        incoming.push_back(call);
        take_call(*node, call, link, std::move(invitation));
    };
    const auto message = [](const std::shared_ptr<kernel::Link>&, std::string, std::string) -> jf_status {
        return JF_UNSUPPORTED;
    };
    node.reset(new kernel::Environment{control, *board, completions, *switchboard, timeline, kernel::CallSettings{},
                                       invited, message});
    node->workers.work_at_once(); // the control thread is turned by hand
    kernel::Device self;
    self.account_id = "alice";
    self.device_id = "alice-1";
    node->take_identity(self);
    switchboard->start();
}

Rig::~Rig()
{
    close();
}

void Rig::close()
{
    if (!switchboard)
        return;
    bool left = false;
    asio::co_spawn(control.context(), leave(*node), [&left](const std::exception_ptr& exception) {
        left = true;
        if (exception)
            std::rethrow_exception(exception);
    });
    settle();
    if (!left && node->flows == 0)
        advance(10s); // discovery keeps us waiting
    EXPECT_TRUE(left) << node->flows << " flows did not end when the node left";
    for (int minutes = 0; !left && minutes < 5; ++minutes)
        advance(60s);
    EXPECT_EQ(node->incoming_links, 0);
    EXPECT_TRUE(node->incoming_links_of.empty());
    EXPECT_TRUE(node->calls.empty());
    if (!completions_stay) {
        EXPECT_EQ(completions.waiting(), 0U) << "completions";
    }
    node->watching.only({});
    node->watching_links.only({});
    switchboard.reset();
    board.reset();
}

std::shared_ptr<kernel::Call> Rig::call(const std::string& account)
{
    const auto placed = std::make_shared<kernel::Call>(timeline, kernel::Side::caller, account,
                                                       kernel::MediaPlan{"tone", "tape", true, false}, program);
    start_call(*node, placed);
    settle();
    return placed;
}

void Rig::request(const std::string& device, const std::string& blob, const std::string& account)
{
    discovery().hear(Device(account, device, "chain of " + device), JF_CALL_REQUEST, ++last_request_, blob);
    settle();
}

std::shared_ptr<kernel::Call> Rig::be_called(const std::string& device)
{
    request(device);
    signaling(device).invited();
    settle();
    return incoming.back();
}

bool Rig::was_told(std::string_view line) const
{
    return std::ranges::find(told, line) != told.end();
}

} // namespace jackfield::doubles
