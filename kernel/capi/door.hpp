// What every function of libjackfield goes through: what comes in is checked, no exception goes out. See jackfield.h,
// which says the rules.
//
// Threads:  any.
// Lifetime: nothing is kept.

#pragma once

#include "kernel/capi/node_table.hpp"

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <string>
#include <string_view>

namespace jackfield::kernel::capi {

inline constexpr std::size_t kLongestText = 4096; // of names, files, ids
inline constexpr std::size_t kLongestConfig = 4U << 20U;

// --- what goes out --------------------------------------------------------------------------------------------------

/// As much of it as the caller's struct has room for, and no part of a character (RFC 3629). Returns the status.
jf_status put_error(jackfield_error* error, jf_status status, std::string_view text);

/// Runs f; what it throws becomes a status.
template <typename F>
jf_status guarded(jackfield_error* error, F&& f) noexcept
{
    try {
        f();
        return put_error(error, JF_OK, "");
    } catch (const Failure& failure) {
        return put_error(error, failure.status(), failure.what());
    } catch (const std::bad_alloc&) {
        return put_error(error, JF_EXHAUSTED, "libjackfield: no memory is left");
    } catch (const std::exception& other) {
        return put_error(error, JF_INTERNAL, other.what());
    }
}

template <typename T>
T or_throw(std::expected<T, Error> result)
{
    return result ? std::move(*result) : throw Failure(result.error());
}

/// Copies it to the caller's array. Throws Failure JF_EXHAUSTED if that is too small.
void copy_out(const std::string& value, char* text, std::size_t size);

/// A copy for the caller, who frees it with jackfield_string_free. Throws std::bad_alloc.
char* hand_over(std::string_view text);

/// As a text for other programs: what is no UTF-8 in it, for names of peers are whatever they say, is replaced.
std::string as_text(const nlohmann::json& object);

// --- what comes in --------------------------------------------------------------------------------------------------

/// Throws Failure JF_BAD_INPUT.
[[noreturn]] void refuse(std::string_view what, std::string_view problem, std::string_view would_work);

std::string need_text(const char* text, std::string_view what, std::size_t longest = kLongestText);

/// Empty if it is NULL.
std::string text_or_none(const char* text, std::string_view what, std::size_t longest = kLongestText);

template <typename T>
T& need(T* pointer, std::string_view what)
{
    if (pointer == nullptr)
        refuse(what, "it is NULL", "a place to write to");
    return *pointer;
}

std::shared_ptr<OpenNode> need_node(const jackfield_node* handle);

/// f(node, account, its configuration) of a node that runs and a peer: an account, or the name of a contact.
template <typename F>
jf_status with_peer(jackfield_node* handle, const char* peer, jackfield_error* error, F&& f)
{
    return guarded(error, [&] {
        const auto open_node = need_node(handle);
        const auto whom = need_text(peer, "peer");
        open_node->use([&](Node& node, const Config& config) { f(node, account_of(whom, config), config); });
    });
}

/// The same with one JSON object as its answer, which goes to *json.
template <typename F>
jf_status answer_json(jackfield_node* handle, char** json, jackfield_error* error, F&& f)
{
    if (json != nullptr)
        *json = nullptr;
    return guarded(error, [&] {
        const auto open_node = need_node(handle);
        auto& out = need(json, "json");
        open_node->use([&](Node& node, const Config& config) { out = hand_over(as_text(f(node, config))); });
    });
}

} // namespace jackfield::kernel::capi
