// Reasons and statuses: see the header.
//
// Threads: any.
#include "sip_reason.hpp"

#include "sip_text.hpp"

#include <jackfield/abi/signaling.h>

namespace jackfield::sip {
namespace {

constexpr std::size_t kReasonTextBytes = 120;

} // namespace

std::string_view header_parameter(std::string_view value, std::string_view name)
{
    while (!value.empty()) {
        const std::size_t end = value.find(';');
        const std::string_view part = trim(value.substr(0, end));
        const std::size_t equal = part.find('=');
        if (equal != std::string_view::npos && equals_ignoring_case(trim(part.substr(0, equal)), name)) {
            std::string_view found = trim(part.substr(equal + 1));
            if (found.size() >= 2 && found.front() == '"' && found.back() == '"')
                found = found.substr(1, found.size() - 2);
            return found;
        }
        value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
    }
    return {};
}

std::uint32_t reason_of_status(int code)
{
    switch (code) {
    case 486:
    case 600:
        return JF_REASON_BUSY;
    case 603:
    case 607:
        return JF_REASON_DECLINED;
    case 408:
    case 480:
        return JF_REASON_NO_ANSWER;
    case 481: // RFC 3891 section 3
        return JF_REASON_NO_SUCH_CALL;
    case 487:
        return JF_REASON_CANCELLED;
    case 406:
    case 415:
    case 488:
    case 606:
        return JF_REASON_NOT_ACCEPTABLE;
    default:
        return JF_REASON_FAILED;
    }
}

std::optional<int> status_of_reason(std::uint32_t reason)
{
    switch (reason) {
    case JF_REASON_DECLINED:
        return 603;
    case JF_REASON_BUSY:
        return 486;
    case JF_REASON_NO_ANSWER:
        return 480;
    case JF_REASON_NOT_ACCEPTABLE:
        return 488;
    case JF_REASON_FAILED:
        return 500;
    case JF_REASON_NO_SUCH_CALL:
        return 481;
    default:
        return std::nullopt;
    }
}

std::string write_reason(std::uint32_t reason)
{
    switch (reason) {
    case JF_REASON_ELSEWHERE:
        return "SIP;cause=200;text=\"Call completed elsewhere\""; // RFC 3326 section 3.1
    case JF_REASON_DECLINED:
        return "SIP;cause=603;text=\"Decline\"";
    case JF_REASON_BUSY:
        return "SIP;cause=486;text=\"Busy Here\"";
    case JF_REASON_NO_ANSWER:
        return "SIP;cause=480;text=\"No answer\"";
    case JF_REASON_NOT_ACCEPTABLE:
        return "SIP;cause=488;text=\"Not Acceptable Here\"";
    case JF_REASON_FAILED:
        return "SIP;cause=500;text=\"Failed\"";
    default:
        return {};
    }
}

std::uint32_t read_reason(std::optional<std::string_view> value, std::uint32_t otherwise)
{
    if (!value || !equals_ignoring_case(trim(value->substr(0, value->find(';'))), "SIP"))
        return otherwise;
    const auto cause = parse_number(header_parameter(*value, "cause"), 699);
    if (!cause || *cause < 200)
        return otherwise;
    return *cause == 200 ? static_cast<std::uint32_t>(JF_REASON_ELSEWHERE) : reason_of_status(static_cast<int>(*cause));
}

std::string reason_text(std::optional<std::string_view> value)
{
    return value ? read_display_name(cut_utf8(header_parameter(*value, "text"), kReasonTextBytes)) : std::string();
}

} // namespace jackfield::sip
