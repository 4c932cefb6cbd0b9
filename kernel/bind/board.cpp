// The board. See board.hpp.

#include "kernel/bind/board.hpp"

#include "kernel/isolate/isolate.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// Two of them are interchangeable if this is the same.
std::string what_of(const ResolvedPlugin& choice)
{
    return std::string(choice.slot->name) + '\n' + choice.manifest.path.string() + '\n' + choice.manifest.id + '\n' +
           choice.config_json + (choice.isolate ? "\nisolated" : "");
}

std::expected<Instance, Error> loaded(Registry& registry, const ResolvedPlugin& choice, const jf_host& host)
{
    const auto library = registry.load(choice.manifest.id);
    if (!library)
        return std::unexpected(library.error());
    return create_instance(*(*library)->factory(choice.slot->interface_id), host, choice.config_json);
}

std::expected<Instance, Error> isolated(Registry& registry, const ResolvedPlugin& choice, const jf_host& host)
{
    if (choice.manifest.path.empty())
        return std::unexpected(
            Error{JF_UNSUPPORTED, choice.manifest.id + ": it is part of this program, so it cannot be isolated"});
    if (auto refused = registry.refusal(choice.manifest))
        return std::unexpected(std::move(*refused));
    return isolate::create_isolated(
        {choice.manifest.path, choice.manifest.id, std::string(choice.slot->interface_id), choice.config_json}, host);
}

} // namespace

Board::Board(ControlThread& control, Registry& registry, const Resolved& resolved, std::int32_t log_level, LogSink log,
             const Board* earlier)
    : control_(control), earlier_(earlier)
{
    const auto* const self = resolved.plugin("identity");
    if (earlier_ != nullptr && self != nullptr && earlier_->mounted_.front()->what == what_of(*self)) {
        services_ = earlier_->services_;
    } else {
        earlier_ = nullptr;
        services_ = std::make_shared<Services>();
        services_->host.log_level = log_level;
        services_->host.log = std::move(log);
        services_->host.find_service = [services = services_.get()](std::string_view id) -> const void* {
            return id == JF_IDENTITY_INTERFACE && services->identity.methods != nullptr ? &services->identity : nullptr;
        };
    }
    const auto one = [&]<typename Methods>(Plug<Methods>& plug, std::string_view slot) {
        if (const auto* choice = resolved.plugin(slot))
            plug = mount<Methods>(registry, resolved, *choice);
    };
    const auto many = [&]<typename Methods>(std::vector<Plug<Methods>>& plugs, std::string_view slot) {
        for (const auto* choice : resolved.plugins_of(slot))
            plugs.push_back(mount<Methods>(registry, resolved, *choice));
    };
    one(identity, "identity");
    services_->identity = {identity.methods, identity.self};
    many(discovery, "discovery");
    one(connectivity, "connectivity");
    for (const auto* choice : resolved.plugins_of(kDecoratorSlot))
        decorators.push_back({mount<jf_path_decorator_methods>(registry, resolved, *choice), choice->seams});
    one(secure_channel, "secure_channel");
    one(reliable_stream, "reliable_stream");
    one(multiplexer, "multiplexer");
    one(signaling, "signaling");
    for (const auto* choice : resolved.plugins_of(kTransportSlot))
        media_transports.push_back({mount<jf_media_transport_methods>(registry, resolved, *choice), choice->carriage});
    one(congestion_control, "congestion_control");
    many(codecs, "codec");
    many(sources, "media_source");
    many(sinks, "media_sink");
    many(audio_stages, "audio_stage");
    earlier_ = nullptr;
}

bool Board::shares_discovery_with(const Board& other) const
{
    return std::ranges::equal(discovery, other.discovery, {}, &Plug<jf_discovery_methods>::self,
                              &Plug<jf_discovery_methods>::self);
}

template <typename Methods>
Plug<Methods> Board::mount(Registry& registry, const Resolved& resolved, const ResolvedPlugin& choice)
{
    auto mounted = take_over(what_of(choice));
    if (mounted == nullptr)
        mounted = create(registry, resolved, choice);
    mounted_.push_back(mounted);
    return {mounted->instance.template methods<Methods>(), mounted->instance.self(), choice.manifest.id};
}

/// Of the earlier board, one that this board has not taken yet. Null if there is none.
std::shared_ptr<Board::Mounted> Board::take_over(const std::string& what) const
{
    if (earlier_ == nullptr)
        return nullptr;
    for (const auto& candidate : earlier_->mounted_) {
        if (candidate->what == what && std::ranges::find(mounted_, candidate) == mounted_.end())
            return candidate;
    }
    return nullptr;
}

std::shared_ptr<Board::Mounted> Board::create(Registry& registry, const Resolved& resolved,
                                              const ResolvedPlugin& choice)
{
    auto host = std::make_unique<InstanceHost>(control_, services_->host, choice.manifest.id);
    auto instance = choice.isolate ? isolated(registry, choice, host->raw()) : loaded(registry, choice, host->raw());
    if (!instance) {
        const Error& error = instance.error();
        throw Failure(error.status, error.status == JF_BAD_CONFIG
                                        ? choice.place_of(resolved.config, error.text)
                                        : resolved.config.name + ": " + choice.pointer + ": " + error.text);
    }
    return std::make_shared<Mounted>(what_of(choice), services_, std::move(host), std::move(*instance));
}

Board::Mounted::Mounted(std::string mounted_what, std::shared_ptr<Services> its_services,
                        std::unique_ptr<InstanceHost> its_host, Instance made)
    : what(std::move(mounted_what)),
      services(std::move(its_services)),
      host(std::move(its_host)),
      instance(std::move(made))
{}

Board::Mounted::~Mounted()
{
    if (host != nullptr)
        host->close_gate();
}

Board::~Board()
{
    while (!mounted_.empty())
        mounted_.pop_back();
}

} // namespace jackfield::kernel
