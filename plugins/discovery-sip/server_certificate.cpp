// Whom a server's certificate names: see the header.
//
// Threads: any.
#include "server_certificate.hpp"

#include <shared/sip/header_value.hpp>
#include <shared/sip/uri.hpp>

#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace discovery_sip {

namespace {

using AddressBytes = std::array<unsigned char, 16>;

struct Names {
    std::vector<std::string> sip_domains;
    std::vector<std::string> hosts;     // DNS names in lower case
    std::vector<std::string> addresses; // as bytes
};

std::string text_of(const ASN1_STRING* string)
{
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

void take_uri(Names& names, const std::string& text)
{
    const auto uri = shared_sip::read_uri(text);
    if (uri && uri->user.empty())
        names.sip_domains.push_back(uri->where.host);
}

Names names_of(X509* certificate)
{
    struct Free {
        void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
    };
    Names names;
    const std::unique_ptr<GENERAL_NAMES, Free> all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type == GEN_URI)
            take_uri(names, text_of(name->d.uniformResourceIdentifier));
        else if (name->type == GEN_DNS)
            names.hosts.push_back(shared_sip::to_lower(text_of(name->d.dNSName)));
        else if (name->type == GEN_IPADD)
            names.addresses.push_back(text_of(name->d.iPAddress));
    }
    return names;
}

std::string common_name(X509* certificate)
{
    const X509_NAME* const subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0)
        return {};
    return shared_sip::to_lower(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

/// The bytes of an address; empty if it is none.
std::string address_bytes(const std::string& text)
{
    AddressBytes bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
        return {bytes.begin(), bytes.begin() + 4};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
        return {bytes.begin(), bytes.end()};
    return {};
}

bool contains(const std::vector<std::string>& names, const std::string& name)
{
    return std::ranges::find(names, name) != names.end();
}

} // namespace

bool is_ip_address(const std::string& text)
{
    return !address_bytes(text).empty();
}

bool names_server(X509* certificate, const std::string& name)
{
    const Names names = names_of(certificate);
    if (!names.sip_domains.empty())
        return contains(names.sip_domains, name);
    if (is_ip_address(name))
        return contains(names.addresses, address_bytes(name));
    if (!names.hosts.empty() || !names.addresses.empty())
        return contains(names.hosts, name);
    return common_name(certificate) == name;
}

} // namespace discovery_sip
