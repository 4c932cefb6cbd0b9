// Calling create, distrustfully. See instance.hpp.

#include "kernel/registry/instance.hpp"

#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace jackfield::kernel {

namespace {

/// The plugin's words, up to the first thing that is no text.
std::string error_text(const jf_error& error)
{
    const std::string_view all(error.text, sizeof error.text);
    auto text = all.substr(0, std::min(all.find('\0'), all.size()));
    if (const auto bad = first_bad_utf8(text))
        text = text.substr(0, *bad);
    return std::string(text);
}

} // namespace

std::expected<Instance, Error> create_instance(const jf_factory& factory, const jf_host& host,
                                               std::string_view config_json)
{
    const std::string id(factory.plugin_id.data, factory.plugin_id.size);
    jf_error error{};
    error.struct_size = sizeof error;
    void* self = nullptr;
    jf_status status = JF_INTERNAL;
    try {
        status = factory.create(&host, {config_json.data(), config_json.size()}, &self, &error);
    } catch (...) {
        // Against the contract, and the plugin may be in any state; it gets no second chance, we go on.
        return std::unexpected(Error{JF_INTERNAL, fmt::format("{}: an exception came out of create", id)});
    }
    if (status != JF_OK) {
        auto text = error_text(error);
        return std::unexpected(Error{status, text.empty() ? fmt::format("{}: {}", id, status_word(status)) : text});
    }
    if (self == nullptr)
        return std::unexpected(Error{JF_INTERNAL, fmt::format("{}: create made no instance and gave no error", id)});
    return Instance(factory, self);
}

} // namespace jackfield::kernel
