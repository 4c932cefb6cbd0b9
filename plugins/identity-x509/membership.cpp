// Requests, chains that come back for them, and the list of devices that were added. See membership.hpp.
//
// Threads: any; processes take turns.
#include "membership.hpp"

#include "credentials.hpp"

#include <shared/x509/requests.hpp>

#include <algorithm>
#include <sstream>

namespace identity_x509 {

using jackfield::Failure;
using namespace shared_x509;

namespace {

const std::string kDevicesFile = "devices.txt"; // a line for each: id, serial number of the last certificate

void refuse_if_account_lives_in(const PrivateFolder& folder)
{
    if (folder.has(kAccountFile))
        throw Failure(JF_BUSY, "/store: an account lives here with its key, and nothing takes its place; another "
                               "folder would do; looked at " +
                                   folder.full(kAccountFile));
}

/// The key that the chain must be for: that of the request, or of the device that asked for a new certificate.
Key key_that_waits(const PrivateFolder& folder, const Chain& chain)
{
    Credential device = read_credential(folder, kDeviceFile, 2);
    if (!device.key) {
        Credential request = read_credential(folder, kRequestFile, 0);
        if (!request.key)
            throw Failure(JF_NOT_FOUND, "/store: no request waits here; \"jackfield id request\" comes first; looked "
                                        "at " +
                                            folder.full(kRequestFile));
        return std::move(request.key);
    }
    if (id_of(device.chain.back().get()) != id_of(chain.back().get()))
        throw Failure(JF_BUSY, "/store: this is a device of account " + id_of(device.chain.back().get()) +
                                   " already; another folder would do; looked at " + folder.full(kDeviceFile));
    return std::move(device.key);
}

bool is_id(const std::string& text)
{
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<AddedDevice> read_devices(const PrivateFolder& folder)
{
    std::vector<AddedDevice> devices;
    std::istringstream lines(folder.read(kDevicesFile).value_or(""));
    for (AddedDevice device; lines >> device.device_id;) {
        if (!(lines >> device.serial) || !is_id(device.device_id) ||
            device.serial.find_first_not_of("0123456789abcdef") != std::string::npos)
            refuse_damaged(folder, kDevicesFile, "is damaged");
        devices.push_back(device);
    }
    return devices;
}

} // namespace

std::string request_of(const StoreOptions& options, const std::atomic<bool>& stop)
{
    const PrivateFolder folder(options.folder);
    const PrivateFolder::Turn turn(folder);
    refuse_if_account_lives_in(folder);
    Credential asking = read_credential(folder, kDeviceFile, 2);
    if (!asking.key)
        asking = read_credential(folder, kRequestFile, 0);
    if (!asking.key) {
        asking.key = generate_key(options.key, stop);
        folder.create(kRequestFile, Secret(credential_text(asking)).text);
    }
    return make_request(asking.key.get());
}

void join(const StoreOptions& options, std::string_view chain_pem, std::int64_t now_ms)
{
    Credential joined;
    joined.chain = parse_chain(chain_pem);
    check_chain(joined.chain, jackfield::Device(), now_ms);
    if (joined.chain.size() != 2)
        throw Failure(JF_BAD_INPUT, "the chain has " + std::to_string(joined.chain.size()) +
                                        " certificates; what \"jackfield id add-device\" prints has two");
    const PrivateFolder folder(options.folder);
    const PrivateFolder::Turn turn(folder);
    refuse_if_account_lives_in(folder);
    joined.key = key_that_waits(folder, joined.chain);
    if (X509_check_private_key(joined.chain.front().get(), joined.key.get()) != 1) {
        ERR_clear_error();
        throw Failure(JF_UNAUTHENTICATED, "the chain is for another key than that of the request that waits here");
    }
    folder.replace(kDeviceFile, Secret(credential_text(joined)).text);
    folder.remove(kRequestFile);
}

std::vector<AddedDevice> added_devices(const StoreOptions& options)
{
    return read_devices(PrivateFolder(options.folder));
}

void remember_device(const StoreOptions& options, AddedDevice device)
{
    const PrivateFolder folder(options.folder);
    const PrivateFolder::Turn turn(folder);
    auto devices = read_devices(folder);
    const auto known = std::ranges::find(devices, device.device_id, &AddedDevice::device_id);
    if (known != devices.end())
        known->serial = std::move(device.serial);
    else if (devices.size() >= kMostDevices)
        throw Failure(JF_EXHAUSTED, "64 devices were added to this account, and no more are");
    else
        devices.push_back(std::move(device));
    std::string text;
    for (const auto& one : devices)
        text += one.device_id + " " + one.serial + "\n";
    folder.replace(kDevicesFile, text);
}

} // namespace identity_x509
