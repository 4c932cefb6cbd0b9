// application/im-iscomposing+xml. See composing.hpp.

#include "kernel/texts/composing.hpp"

#include "kernel/texts/xml_elements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace jackfield::kernel {

namespace {
constexpr std::int64_t kMostSeconds = 600; // longer than anybody hears of a peer that has gone away
} // namespace

std::string write_composing(const Composing& composing)
{
    const auto refresh =
        composing.active ? fmt::format("<refresh>{}</refresh>", composing.refresh.count()) : std::string();
    return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>{}</state>)"
                       "<contenttype>text/plain</contenttype>{}</isComposing>\n",
                       composing.active ? "active" : "idle", refresh);
}

std::optional<Composing> read_composing(std::string_view body)
{
    const auto elements = read_xml(body);
    if (!elements)
        return std::nullopt;
    const auto* const state = find_text(*elements, "isComposing/state");
    if (state == nullptr)
        return std::nullopt;
    Composing composing{*state == "active"};
    if (const auto* const refresh = find_text(*elements, "isComposing/refresh")) {
        std::int64_t seconds = 0;
        const auto [end, problem] = std::from_chars(refresh->data(), refresh->data() + refresh->size(), seconds);
        if (problem == std::errc() && end == refresh->data() + refresh->size())
            composing.refresh = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 1, kMostSeconds));
    }
    return composing;
}

} // namespace jackfield::kernel
