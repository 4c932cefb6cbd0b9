// What brings an account's devices in and out: lists of revoked devices, which strangers put into announcements, and
// requests of devices. A list is read as it is, and its entries also as if the signature had been right.
//
// Threads: one. Lifetime: one account for all inputs.
// links: shared_x509
#include "fuzz.hpp"

#include <shared/x509/requests.hpp>
#include <shared/x509/revocation_list.hpp>

namespace {

using namespace jackfield;
using namespace shared_x509;

const Credential& account()
{
    static const std::atomic<bool> never{false};
    static const Credential made = make_account({}, 1'800'000'000'000, never);
    return made;
}

Bytes list()
{
    return make_list(account().chain.front().get(), account().key.get(), 7,
                     {{std::string(64, 'a'), "0123456789abcdef"}, {std::string(64, 'b'), ""}}, {1'800'000'000'000, 30});
}

void read(ByteView input)
{
    guarded(nullptr, [&] { read_list(account().chain.front().get(), input); });
    RevocationList believed;
    believed.der.assign(input.begin(), input.end());
    guarded(nullptr, [&] { devices_of(believed); });
    guarded(nullptr, [&] { key_of_request(as_text(input)); });
}

} // namespace

namespace jackfield::fuzz {

std::vector<std::vector<std::uint8_t>> seeds()
{
    const std::string request = make_request(account().key.get());
    return {list(), Bytes(request.begin(), request.end())};
}

} // namespace jackfield::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    read({data, size});
    return 0;
}
