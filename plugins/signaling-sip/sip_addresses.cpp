// Who we and the peer are: see the header.
//
// Threads: the control thread.
#include "sip_addresses.hpp"

#include "sip_text.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::sip {
namespace {

/// The text of a required member of the carrier's description.
std::string text_of(const nlohmann::json& description, const char* name)
{
    const auto found = description.find(name);
    if (found == description.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
        throw Failure(JF_INTERNAL, std::string("the carrier's description has no \"") + name + "\"");
    return found->get<std::string>();
}

} // namespace

Addresses::Addresses(const SipConfig& config, const SignalingOptions& options)
    : remote_account_(options.remote.account_id), carrier_(options.carrier)
{
    const auto uri = [&](const Device& device, const std::string& user) {
        return "sip:" + escape_user(user.empty() ? device.account_id : user) + "@" + config.domain;
    };
    last_.local = uri(options.local, options.local.account_id);
    last_.remote = uri(options.remote, options.remote.account_id);
    last_.target = uri(options.remote, options.remote.device_id) + ";transport=tls";
    last_.contact =
        uri(options.local, options.local.device_id) + ";transport=tls"; // the account may have several devices
    last_.sent_by = config.domain;
}

Way Addresses::way()
{
    if (!carried())
        return last_;
    try {
        last_ = ask_carrier();
    } catch (const Failure&) {
        if (!answered_)
            throw;
    }
    answered_ = true;
    return last_;
}

Way Addresses::ask_carrier() const
{
    const auto description = nlohmann::json::parse(carrier_.describe(), nullptr, /*allow_exceptions=*/false);
    if (!description.is_object() || description.value("protocol", std::string()) != "sip")
        throw Failure(JF_UNSUPPORTED, "the service that carries this link does not speak SIP");
    Way way;
    way.local = text_of(description, "local");
    way.remote = text_of(description, "remote");
    way.target = way.remote;
    way.contact = text_of(description, "contact");
    way.transport = text_of(description, "transport");
    way.sent_by = text_of(description, "sent_by");
    way.routes = description.value("routes", std::vector<std::string>());
    return way;
}

} // namespace jackfield::sip
