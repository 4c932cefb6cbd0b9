// message/imdn+xml. See imdn.hpp.

#include "kernel/texts/imdn.hpp"

#include "kernel/texts/text.hpp"
#include "kernel/texts/wall_time.hpp"
#include "kernel/texts/xml_elements.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

std::string write_receipt(const std::string& message_id, std::int64_t now_ms)
{
    return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>{}</message-id><datetime>{}</datetime>)"
                       "<delivery-notification><status><delivered/></status></delivery-notification></imdn>\n",
                       xml_escaped(message_id), date_time(now_ms));
}

std::optional<Receipt> read_receipt(std::string_view body)
{
    const auto elements = read_xml(body);
    if (!elements)
        return std::nullopt;
    const auto* const id = find_text(*elements, "imdn/message-id");
    if (id == nullptr || id->empty() || id->size() > text_limits::kIdBytes)
        return std::nullopt;
    return Receipt{*id, find_text(*elements, "imdn/delivery-notification/status/delivered") != nullptr};
}

} // namespace jackfield::kernel
