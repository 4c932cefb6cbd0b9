// What brings an account's devices in and out: lists of revoked devices, which strangers put into announcements,
// requests of devices, and the chains by which they prove themselves. A list is read as it is, and its entries also as
// if the signature had been right; a chain that is believed is the one that the account has made.
//
// Threads: one. Lifetime: one account for all inputs.
// links: shared_x509
#include "fuzz.hpp"

#include <shared/x509/requests.hpp>
#include <shared/x509/revocation_list.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using namespace shared_x509;

constexpr std::int64_t kNow = 1'800'000'000'000;
const std::atomic<bool> kNever{false};

const Credential& account()
{
    static const Credential made = make_account({}, kNow, kNever);
    return made;
}

const std::string& chain()
{
    static const std::string made = [] {
        std::string pem;
        for (const auto& certificate : make_device(account(), {kNow, 30}, kNever).chain)
            pem += certificate_pem(certificate.get());
        return pem;
    }();
    return made;
}

void believe(std::string_view pem)
{
    static const Device real = check_chain(parse_chain(chain()), {}, kNow);
    try {
        if (!(check_chain(parse_chain(pem), {}, kNow) == real))
            std::abort();
    } catch (const Failure&) {
    }
}

Bytes list()
{
    return make_list(account().chain.front().get(), account().key.get(), 7,
                     {{std::string(64, 'a'), "0123456789abcdef"}, {std::string(64, 'b'), ""}}, {kNow, 30});
}

void read(ByteView input)
{
    guarded(nullptr, [&] { read_list(account().chain.front().get(), input); });
    RevocationList believed;
    believed.der.assign(input.begin(), input.end());
    guarded(nullptr, [&] { devices_of(believed); });
    guarded(nullptr, [&] { key_of_request(as_text(input)); });
    believe(as_text(input));
}

} // namespace

namespace jackfield::fuzz {

std::vector<std::vector<std::uint8_t>> seeds()
{
    const std::string request = make_request(account().key.get());
    return {list(), Bytes(request.begin(), request.end()), Bytes(chain().begin(), chain().end())};
}

} // namespace jackfield::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    read({data, size});
    return 0;
}
