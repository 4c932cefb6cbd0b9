// Signing and sealing, as announcements, candidates and handshakes do it. Keys are EC P-256.
#include "table.hpp"

#include "tests/plugins/identity-pkcs11/soft_token.hpp"

namespace jackfield::bench::identity_figures {
namespace {

void figures(const Table& table, const std::string& plugin, const IdentityService& identity, int times)
{
    const Bytes plain(1000, 7);
    const auto chain = identity.self_device().chain_pem;
    const Bytes signature = identity.sign(JF_KEY_DEVICE, plain);
    const Bytes sealed = identity.seal(chain, plain);
    table.row(plugin, "sign 1000 bytes", "µs",
              [&] { return microseconds(times, [&] { identity.sign(JF_KEY_DEVICE, plain); }); });
    table.row(plugin, "verify a chain and a signature", "µs",
              [&] { return microseconds(times, [&] { identity.verify(chain, JF_KEY_DEVICE, plain, signature); }); });
    table.row(plugin, "seal 1000 bytes", "µs",
              [&] { return microseconds(times, [&] { identity.seal(chain, plain); }); });
    table.row(plugin, "open them", "µs", [&] { return microseconds(times, [&] { identity.open(sealed); }); });
}

} // namespace

void all(const Table& table)
{
    for (const std::string plugin : {"identity-x509", "identity-memory"}) {
        if (!Table::has(plugin))
            continue;
        const testing::TestIdentity identity("ec-p256", JACKFIELD_TEST_PLUGIN_DIR, plugin);
        figures(table, plugin, identity.service(), 50);
    }
    if (Table::has("identity-pkcs11") && std::filesystem::exists(pkcs11_test::kModule)) {
        const pkcs11_test::SoftToken token;
        const pkcs11_test::TokenIdentity identity(token.config());
        figures(table, "identity-pkcs11", identity.service(), 10);
    }
}

} // namespace jackfield::bench::identity_figures
