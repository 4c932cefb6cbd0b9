// identity/1 as the kernel uses it. See identity.hpp.

#include "kernel/bind/identity.hpp"

#include "kernel/bind/text.hpp"

namespace jackfield::kernel {

Device::Device(const jf_device& raw)
    : account_id(view_of(raw.account_id)), device_id(view_of(raw.device_id)), chain_pem(view_of(raw.chain_pem))
{}

jf_device Device::raw() const
{
    return {sizeof(jf_device), 0, abi_text(account_id), abi_text(device_id), abi_text(chain_pem)};
}

Device self_device(const Plug<jf_identity_methods>& identity)
{
    jf_device device{};
    device.struct_size = sizeof(device);
    ErrorSlot error;
    require(identity.methods->self_device(identity.self, &device, &error), error, identity.plugin_id);
    return Device(device);
}

namespace {

void require_method(bool there, const Plug<jf_identity_methods>& identity)
{
    if (!there)
        throw Failure(JF_UNSUPPORTED, identity.plugin_id +
                                          " has one device and no other; identity-x509 can add devices "
                                          "and revoke them");
}

} // namespace

std::string request_device(const Plug<jf_identity_methods>& identity)
{
    require_method(JF_HAS(identity.methods, request_device), identity);
    std::string pem;
    ErrorSlot error;
    require(identity.methods->request_device(identity.self, append_to(pem), &error), error, identity.plugin_id);
    return pem;
}

Device issue_device(const Plug<jf_identity_methods>& identity, std::string_view request_pem)
{
    require_method(JF_HAS(identity.methods, issue_device), identity);
    Device made;
    ErrorSlot error;
    const auto take = [](void* context, const jf_device* device) { *static_cast<Device*>(context) = Device(*device); };
    require(identity.methods->issue_device(identity.self, abi_text(request_pem), take, &made, &error), error,
            identity.plugin_id);
    return made;
}

void join_account(const Plug<jf_identity_methods>& identity, std::string_view chain_pem)
{
    require_method(JF_HAS(identity.methods, join_account), identity);
    ErrorSlot error;
    require(identity.methods->join_account(identity.self, abi_text(chain_pem), &error), error, identity.plugin_id);
}

void revoke_device(const Plug<jf_identity_methods>& identity, std::string_view device_id)
{
    require_method(JF_HAS(identity.methods, revoke_device), identity);
    ErrorSlot error;
    require(identity.methods->revoke_device(identity.self, abi_text(device_id), &error), error, identity.plugin_id);
}

std::string describe_account(const Plug<jf_identity_methods>& identity)
{
    require_method(JF_HAS(identity.methods, describe_account), identity);
    std::string json;
    ErrorSlot error;
    require(identity.methods->describe_account(identity.self, append_to(json), &error), error, identity.plugin_id);
    return json;
}

std::optional<Error> disowned(const Plug<jf_identity_methods>& identity, const Device& device)
{
    if (device.chain_pem.empty())
        return std::nullopt;
    const jf_device expected = device.raw();
    ErrorSlot error;
    const jf_status status =
        identity.methods->verify_chain(identity.self, expected.chain_pem, &expected, nullptr, nullptr, &error);
    return status == JF_OK ? std::nullopt : std::optional(error.error(status));
}

} // namespace jackfield::kernel
