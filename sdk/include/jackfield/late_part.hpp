// A part of a plugin in a library of its own, opened when it is first needed: what that part links costs nothing in a
// process that never needs it.
//
// Threads: opened on threads that may be kept busy (workers, threads of the plugin), several at once: it takes tens of
// milliseconds. Lifetime: the library is never closed.
#pragma once

#include <jackfield/basic.hpp>

#include <dlfcn.h>

#include <mutex>
#include <string>
#include <string_view>

namespace jackfield {

/// Table is a struct of functions that begins with `const char* version`; plugin and part are built together, so it may
/// speak C++. The part has JF_LATE_PART(table), the plugin a member LatePart<Table>{"<plugin id>-<part>"}.
template <class Table>
class LatePart {
public:
    explicit LatePart(std::string_view name) : name_(name) {}

    /// Throws Failure JF_UNSUPPORTED in the loader's words.
    const Table& open()
    {
        std::call_once(once_, [this] { table_ = load(); });
        return *table_;
    }

private:
    const Table* load() const
    {
        Dl_info own{};
        dladdr(reinterpret_cast<const void*>(&anchor), &own);
        std::string file = own.dli_fname != nullptr ? own.dli_fname : "";
        file = file.substr(0, file.rfind('/') + 1) + "parts/" + name_ + ".so";
        void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        const void* const symbol = library != nullptr ? dlsym(library, "jackfield_part") : nullptr;
        if (symbol == nullptr) {
            const char* const why = dlerror();
            throw Failure(JF_UNSUPPORTED,
                          "a part of this plugin does not load: " + std::string(why != nullptr ? why : file));
        }
        const auto* const table = *static_cast<const Table* const*>(symbol);
        if (std::string_view(table->version) != JACKFIELD_PLUGIN_VERSION)
            throw Failure(JF_UNSUPPORTED,
                          file + ": version " + table->version + ", the plugin is " + JACKFIELD_PLUGIN_VERSION);
        return table;
    }

    static void anchor() {} // lies in the plugin's own library

    std::string name_;
    std::once_flag once_;
    const Table* table_ = nullptr;
};

} // namespace jackfield

#define JF_LATE_PART(table)                                                                                            \
    extern "C" __attribute__((visibility("default"))) const void* const jackfield_part = &(table)
