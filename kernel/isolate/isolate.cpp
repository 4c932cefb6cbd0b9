// Which interfaces can be isolated, and by what. See isolate.hpp.

#include "kernel/isolate/isolate.hpp"

#include "kernel/isolate/answers.hpp"
#include "kernel/isolate/isolated_audio_stage.hpp"
#include "kernel/isolate/isolated_codec.hpp"
#include "kernel/isolate/isolated_decorator.hpp"

#include <algorithm>
#include <array>

namespace jackfield::kernel::isolate {

namespace {

/// Its methods, and how it ends: what the library's factory says otherwise.
template <typename Isolated>
const jf_factory kFactory{sizeof(jf_factory), 0, {}, {}, {}, &Isolated::kMethods, nullptr, [](void* self) {
                              delete static_cast<Isolated*>(self);
                          }};

template <typename Isolated>
std::expected<Instance, Error> make(const Hosting& hosting, const jf_host& host)
{
    auto isolated = std::make_unique<Isolated>(hosting, host);
    if (const auto started = isolated->start(); !started)
        return std::unexpected(Error{started.error().status, started.error().status == JF_BAD_CONFIG
                                                                 ? started.error().text
                                                                 : hosting.plugin_id + ": " + started.error().text});
    return Instance(kFactory<Isolated>, isolated.release());
}

using Make = std::expected<Instance, Error> (*)(const Hosting&, const jf_host&);

constexpr std::array<std::string_view, 3> kInterfaces{JF_PATH_DECORATOR_INTERFACE, JF_CODEC_INTERFACE,
                                                      JF_AUDIO_STAGE_INTERFACE};
constexpr std::array<Make, 3> kMakers{make<IsolatedDecorator>, make<IsolatedCodec>, make<IsolatedAudioStage>};

} // namespace

std::span<const std::string_view> isolable_interfaces()
{
    return kInterfaces;
}

bool can_isolate(std::string_view interface_id)
{
    return std::ranges::find(kInterfaces, interface_id) != kInterfaces.end();
}

std::expected<Instance, Error> create_isolated(const Hosting& hosting, const jf_host& host)
{
    const auto found = std::ranges::find(kInterfaces, hosting.interface_id);
    if (found == kInterfaces.end())
        return std::unexpected(Error{JF_UNSUPPORTED, hosting.interface_id + ": plugins of it cannot be isolated"});
    return kMakers.at(static_cast<std::size_t>(found - kInterfaces.begin()))(hosting, host);
}

} // namespace jackfield::kernel::isolate
