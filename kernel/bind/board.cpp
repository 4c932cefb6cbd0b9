// The board. See board.hpp.

#include "kernel/bind/board.hpp"

namespace jackfield::kernel {

Board::Board(ControlThread& control, Registry& registry, const Resolved& resolved, std::int32_t log_level, LogSink log)
    : control_(control)
{
    services_.log_level = log_level;
    services_.log = std::move(log);
    services_.find_service = [this](std::string_view id) -> const void* {
        return id == JF_IDENTITY_INTERFACE && identity_service_.methods != nullptr ? &identity_service_ : nullptr;
    };
    const auto one = [&]<typename Methods>(Plug<Methods>& plug, std::string_view slot) {
        if (const auto* choice = resolved.plugin(slot))
            plug = mount<Methods>(registry, resolved, *choice);
    };
    const auto many = [&]<typename Methods>(std::vector<Plug<Methods>>& plugs, std::string_view slot) {
        for (const auto* choice : resolved.plugins_of(slot))
            plugs.push_back(mount<Methods>(registry, resolved, *choice));
    };
    one(identity, "identity");
    identity_service_ = {identity.methods, identity.self};
    many(discovery, "discovery");
    one(connectivity, "connectivity");
    for (const auto* choice : resolved.plugins_of(kDecoratorSlot))
        decorators.push_back({mount<jf_path_decorator_methods>(registry, resolved, *choice), choice->seams});
    one(secure_channel, "secure_channel");
    one(reliable_stream, "reliable_stream");
    one(multiplexer, "multiplexer");
    one(signaling, "signaling");
    one(media_transport, "media_transport");
    many(codecs, "codec");
    many(sources, "media_source");
    many(sinks, "media_sink");
}

template <typename Methods>
Plug<Methods> Board::mount(Registry& registry, const Resolved& resolved, const ResolvedPlugin& choice)
{
    const auto loaded = registry.load(choice.manifest.id);
    if (!loaded)
        throw Failure(loaded.error().status, resolved.config.name + ": " + choice.pointer + ": " + loaded.error().text);
    const jf_factory* factory = (*loaded)->factory(choice.slot->interface_id);
    auto host = std::make_unique<InstanceHost>(control_, services_, choice.manifest.id);
    auto instance = create_instance(*factory, host->raw(), choice.config_json);
    if (!instance) {
        const Error& error = instance.error();
        throw Failure(error.status, error.status == JF_BAD_CONFIG
                                        ? choice.place_of(resolved.config, error.text)
                                        : resolved.config.name + ": " + choice.pointer + ": " + error.text);
    }
    const Plug<Methods> plug{instance->template methods<Methods>(), instance->self(), choice.manifest.id};
    mounted_.push_back({std::move(host), std::move(*instance)});
    return plug;
}

Board::~Board()
{
    while (!mounted_.empty()) {
        mounted_.back().host->close_gate();
        mounted_.pop_back();
    }
}

} // namespace jackfield::kernel
