// A plugin whose create throws across the boundary, which the contract forbids.
//
// Threads: none. Lifetime: it never makes an instance.

#include <jackfield/abi/control.h>
#include <jackfield/abi/entry.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace {

constexpr jf_text text(std::string_view view)
{
    return {view.data(), view.size()};
}

jf_status create(const jf_host* /*host*/, jf_text /*config_json*/, void** /*self*/, jf_error* /*error*/)
{
    throw std::runtime_error("thrown on purpose");
}

const jf_control_methods kMethods{
    sizeof(jf_control_methods),
    0,
    [](void*, jf_control_dispatcher, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
    [](void*, uint64_t, jf_text) {},
    [](void*, jf_done) {},
};

const jf_factory kFactory{sizeof(jf_factory), 0,         text(PLUGIN_ID), text(JF_CONTROL_INTERFACE),
                          text("1.2.3"),      &kMethods, create,          [](void*) {}};
const jf_factory* const kFactories[] = {&kFactory};

} // namespace

extern "C" {
JF_EXPORT extern const jf_entry jackfield_plugin;
const jf_entry jackfield_plugin{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, kFactories};
}
