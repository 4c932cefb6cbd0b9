// Making an account and its device. See account.hpp.
//
// Threads: any.
#include "account.hpp"

namespace shared_x509 {

Credential make_account(const AccountOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop)
{
    Credential made;
    made.key = generate_key(options.key, stop);
    made.chain.push_back(
        make_account_certificate(made.key.get(), options.account_name, {now_ms, options.certificate_days}));
    return made;
}

Credential make_device(const Credential& account, Validity validity, const std::atomic<bool>& stop)
{
    Credential made;
    made.key = generate_key(is_rsa(account.key.get()) ? KeyType::rsa_2048 : KeyType::ec_p256, stop);
    made.chain = device_chain(made.key.get(), account, validity);
    return made;
}

Chain device_chain(const EVP_PKEY* device_key, const Credential& account, Validity validity)
{
    Chain chain;
    chain.push_back(make_device_certificate(device_key, account.chain.front().get(), account.key.get(), validity));
    must(X509_up_ref(account.chain.front().get()) == 1, "sharing a certificate");
    chain.emplace_back(account.chain.front().get());
    return chain;
}

Account account_of(Credential account, Credential device)
{
    Account made;
    made.account_id = id_of(device.chain.back().get());
    made.device_id = id_of(device.key.get());
    must(X509_up_ref(device.chain.back().get()) == 1, "sharing a certificate");
    made.account_certificate.reset(device.chain.back().get());
    for (const auto& certificate : device.chain)
        made.chain_pem += certificate_pem(certificate.get());
    made.account_key = std::move(account.key);
    made.device_key = std::move(device.key);
    return made;
}

} // namespace shared_x509
