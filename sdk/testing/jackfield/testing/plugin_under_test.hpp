// Loads a built plugin as the kernel would, and makes instances of it over the C boundary.
//
// Threads: the test's thread, which is the control thread. Lifetime: libraries are never unloaded.
#pragma once

#include <jackfield/abi/entry.h>
#include <jackfield/testing/fake_host.hpp>

#include <dlfcn.h>

namespace jackfield::testing {

/// The entry of <folder>/<id>.so. Throws Failure with the loader's words.
inline const jf_entry& load_entry(const std::string& folder, const std::string& id)
{
    const std::string file = folder + "/" + id + ".so";
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw Failure(JF_NOT_FOUND, dlerror());
    const auto* entry = static_cast<const jf_entry*>(dlsym(library, JF_ENTRY_SYMBOL));
    if (entry == nullptr)
        throw Failure(JF_NOT_FOUND, file + " exports no " JF_ENTRY_SYMBOL);
    return *entry;
}

/// The factory of one interface.
inline const jf_factory& find_factory(const jf_entry& entry, std::string_view interface_id)
{
    for (std::uint32_t i = 0; i < entry.factory_count; ++i) {
        if (view(entry.factories[i]->interface_id) == interface_id)
            return *entry.factories[i];
    }
    throw Failure(JF_NOT_FOUND, "no factory for " + std::string(interface_id));
}

/// An instance with a host of its own. Methods is the C table of the interface, for example jf_codec_methods.
template <class Methods>
class InstanceUnderTest {
public:
    InstanceUnderTest(FakeHost& host, const jf_factory& factory, std::string_view config_json = "{}")
        : host_(host), factory_(factory)
    {
        jf_error error = no_error();
        check(factory.create(host.raw(), to_text(config_json), &self_, &error), error);
    }
    InstanceUnderTest(FakeHost& host, const std::string& folder, const std::string& id, std::string_view interface_id,
                      std::string_view config_json = "{}")
        : InstanceUnderTest(host, find_factory(load_entry(folder, id), interface_id), config_json)
    {}
    InstanceUnderTest(const InstanceUnderTest&) = delete;
    InstanceUnderTest& operator=(const InstanceUnderTest&) = delete;
    ~InstanceUnderTest()
    {
        host_.close_gate();
        factory_.destroy(self_);
    }

    const Methods* operator->() const { return static_cast<const Methods*>(factory_.methods); }
    const Methods* methods() const { return static_cast<const Methods*>(factory_.methods); }
    void* self() const { return self_; }

private:
    FakeHost& host_;
    const jf_factory& factory_;
    void* self_ = nullptr;
};

} // namespace jackfield::testing
