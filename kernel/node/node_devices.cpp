// The devices of our account, as identity keeps them. See node.hpp.
//
// Threads: the program's, which waits for the disk; never the control thread.

#include "kernel/flow/step_failure.hpp"
#include "kernel/node/node_impl.hpp"

namespace jackfield::kernel {

namespace {

template <typename Work>
auto as_result(Work work) -> std::expected<decltype(work()), Error>
{
    try {
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

} // namespace

std::expected<std::string, Error> Node::request_device()
{
    return as_result([this] { return kernel::request_device(impl_->identity()); });
}

std::expected<AddedDevice, Error> Node::add_device(const std::string& request_pem)
{
    const auto ids = load_identity();
    if (!ids)
        return std::unexpected(ids.error());
    return as_result([&] {
        const auto made = issue_device(impl_->identity(), request_pem);
        return AddedDevice{made.account_id, made.device_id, made.chain_pem};
    });
}

std::expected<OwnIds, Error> Node::join_account(const std::string& chain_pem)
{
    const auto joined = as_result([&] { kernel::join_account(impl_->identity(), chain_pem); });
    if (!joined)
        return std::unexpected(joined.error());
    return load_identity();
}

std::expected<void, Error> Node::revoke_device(const std::string& device_id)
{
    const auto ids = load_identity();
    if (!ids)
        return std::unexpected(ids.error());
    return as_result([&] { kernel::revoke_device(impl_->identity(), device_id); });
}

std::expected<std::string, Error> Node::describe_account()
{
    const auto ids = load_identity();
    if (!ids)
        return std::unexpected(ids.error());
    return as_result([this] { return kernel::describe_account(impl_->identity()); });
}

} // namespace jackfield::kernel
