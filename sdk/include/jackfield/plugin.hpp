// JF_PLUGIN(Class...): turns classes into a plugin. Write it once, at the end of plugin.cpp.
//
// A class derives from one interface class of this SDK and has a constructor (Host, std::string_view config_json),
// which may throw ConfigError or Failure. Id and version come from jackfield_add_plugin, so that the manifest agrees.
#pragma once

#include <jackfield/abi/entry.h>
#include <jackfield/host.hpp>

#include <iterator>

namespace jackfield::detail {

constexpr jf_text literal(std::string_view text)
{
    return {text.data(), text.size()};
}

template <class Plugin>
struct FactoryOf {
    using Interface = typename Plugin::Interface;

    static Status create(const jf_host* host, jf_text config_json, void** self, jf_error* error)
    {
        return guarded(error, [&] {
            Interface* made = new Plugin(Host(host), view(config_json));
            *self = made;
        });
    }

    static void destroy(void* self) { delete static_cast<Interface*>(self); }

    static constexpr jf_factory factory{sizeof(jf_factory),
                                        0,
                                        literal(JACKFIELD_PLUGIN_ID),
                                        literal(Interface::kInterfaceId),
                                        literal(JACKFIELD_PLUGIN_VERSION),
                                        &Interface::kMethods,
                                        &create,
                                        &destroy};
};

template <class... Plugins>
struct EntryOf {
    static constexpr const jf_factory* factories[] = {&FactoryOf<Plugins>::factory...};
    static constexpr jf_entry entry{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, sizeof...(Plugins), 0, factories};
};

} // namespace jackfield::detail

#define JF_PLUGIN(...)                                                                                                 \
    extern "C" {                                                                                                       \
    extern JF_EXPORT const jf_entry jackfield_plugin;                                                                  \
    constinit const jf_entry jackfield_plugin = ::jackfield::detail::EntryOf<__VA_ARGS__>::entry;                      \
    }
