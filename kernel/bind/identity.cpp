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

} // namespace jackfield::kernel
