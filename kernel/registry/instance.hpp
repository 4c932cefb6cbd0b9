// One instance of a plugin: made by a factory, ended by the same factory.
//
// Threads:  [control], like create and destroy.
// Lifetime: whoever holds the Instance owns what is behind it. The host it was made with must outlive it.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/entry.h>

#include <expected>
#include <string_view>
#include <utility>

namespace jackfield::kernel {

class Instance {
public:
    Instance() = default;
    Instance(const jf_factory& factory, void* self) : factory_(&factory), self_(self) {}
    Instance(Instance&& other) noexcept
        : factory_(std::exchange(other.factory_, nullptr)), self_(std::exchange(other.self_, nullptr))
    {}
    Instance& operator=(Instance&& other) noexcept
    {
        std::swap(factory_, other.factory_);
        std::swap(self_, other.self_);
        return *this;
    }
    ~Instance()
    {
        if (factory_ != nullptr)
            factory_->destroy(self_);
    }

    explicit operator bool() const { return factory_ != nullptr; }
    void* self() const { return self_; }

    /// Methods is the table of the factory's interface: methods<jf_codec_methods>().
    template <typename Methods>
    const Methods* methods() const
    {
        return static_cast<const Methods*>(factory_->methods);
    }

private:
    const jf_factory* factory_ = nullptr; // of a loaded library, which stays
    void* self_ = nullptr;
};

/// Calls create. Whatever it does wrong ends as an Error: a failure status, no instance, an exception that crossed the
/// boundary. A JF_BAD_CONFIG text starts with a JSON pointer into the plugin's own configuration.
std::expected<Instance, Error> create_instance(const jf_factory& factory, const jf_host& host,
                                               std::string_view config_json);

} // namespace jackfield::kernel
