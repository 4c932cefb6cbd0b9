// What every function of libjackfield goes through. See door.hpp.

#include "kernel/capi/door.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstring>

namespace jackfield::kernel::capi {

jf_status put_error(jackfield_error* error, jf_status status, std::string_view text)
{
    if (error == nullptr || error->struct_size <= offsetof(jackfield_error, text))
        return status;
    error->status = status;
    const std::size_t room =
        std::min<std::size_t>(error->struct_size, sizeof(jackfield_error)) - offsetof(jackfield_error, text) - 1;
    std::size_t size = std::min(text.size(), room);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U)
        --size;
    std::memcpy(error->text, text.data(), size);
    error->text[size] = '\0';
    return status;
}

void copy_out(const std::string& value, char* text, std::size_t size)
{
    need(text, "text");
    if (value.size() >= size)
        throw Failure(JF_EXHAUSTED, fmt::format("text: {} bytes are too few; looked at the argument; {} would work",
                                                size, value.size() + 1));
    std::memcpy(text, value.c_str(), value.size() + 1);
}

char* hand_over(std::string_view text)
{
    auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
    if (copy == nullptr)
        throw std::bad_alloc();
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
}

std::string as_text(const nlohmann::json& object)
{
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void refuse(std::string_view what, std::string_view problem, std::string_view would_work)
{
    throw Failure(JF_BAD_INPUT,
                  fmt::format("{}: {}; looked at the arguments; {} would work", what, problem, would_work));
}

std::string need_text(const char* text, std::string_view what, std::size_t longest)
{
    if (text == nullptr)
        refuse(what, "it is NULL", "a text");
    return text_or_none(text, what, longest);
}

std::string text_or_none(const char* text, std::string_view what, std::size_t longest)
{
    if (text == nullptr)
        return {};
    const std::size_t size = strnlen(text, longest + 1);
    if (size > longest)
        refuse(what, "it is too long", "a shorter one");
    return {text, size};
}

std::shared_ptr<OpenNode> need_node(const jackfield_node* handle)
{
    auto node = NodeTable::get().find(handle);
    if (node == nullptr)
        refuse("node", handle == nullptr ? "it is NULL" : "there is none, or it was freed",
               "what jackfield_node_open has made");
    return node;
}

} // namespace jackfield::kernel::capi

void jackfield_string_free(char* text)
{
    std::free(text);
}
