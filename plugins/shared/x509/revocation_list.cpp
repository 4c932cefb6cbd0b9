// Making and reading lists of revoked devices. See revocation_list.hpp.
//
// Threads: any. What is read comes from strangers: its size is bounded before it is parsed, its signature checked
// before its entries are looked at.
#include "revocation_list.hpp"

#include <openssl/x509v3.h>

namespace shared_x509 {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Failure;

namespace {

/// Of the entry extension with the device id: a UUID (ITU-T X.667). Not critical: others go by the serial number.
constexpr const char* kDeviceExtension = "2.25.320345630206602671176165586027856676886";
constexpr std::size_t kIdBytes = 32; // SHA-256

using Entry = std::unique_ptr<X509_REVOKED, Freer<X509_REVOKED_free>>;
using Time = std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Freer<ASN1_OBJECT_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;

Object device_extension()
{
    Object object(OBJ_txt2obj(kDeviceExtension, 1));
    must(object != nullptr, "an object identifier");
    return object;
}

Time time_of(std::int64_t seconds)
{
    Time time(ASN1_TIME_set(nullptr, seconds));
    must(time != nullptr, "a date");
    return time;
}

std::string digits_of(const ASN1_INTEGER* number)
{
    return hex(ByteView(ASN1_STRING_get0_data(number), static_cast<std::size_t>(ASN1_STRING_length(number))));
}

Bytes bytes_of_hex(const std::string& text)
{
    Bytes bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
    return bytes;
}

/// An entry must have a number, also for a device whose certificate nobody has written down: then the first half of its
/// id, which is no certificate's number.
Number number_of(const RevokedDevice& device)
{
    const std::string digits = device.serial.empty() ? device.device_id.substr(0, 32) : device.serial;
    BIGNUM* raw = nullptr;
    must(BN_hex2bn(&raw, digits.c_str()) > 0, "a serial number");
    const BigNumber number(raw);
    Number made(BN_to_ASN1_INTEGER(number.get(), nullptr));
    must(made != nullptr, "a serial number");
    return made;
}

void name_device(X509_REVOKED* entry, const std::string& device_id)
{
    const Bytes id = bytes_of_hex(device_id);
    const Octets inner(ASN1_OCTET_STRING_new());
    must(inner && ASN1_OCTET_STRING_set(inner.get(), id.data(), static_cast<int>(id.size())) == 1, "a device id");
    std::uint8_t* der = nullptr;
    const int size = i2d_ASN1_OCTET_STRING(inner.get(), &der);
    must(size > 0, "a device id");
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(der);
    const Octets outer(ASN1_OCTET_STRING_new());
    must(outer && ASN1_OCTET_STRING_set(outer.get(), der, size) == 1, "a device id");
    const Extension extension(
        X509_EXTENSION_create_by_OBJ(nullptr, device_extension().get(), /*critical=*/0, outer.get()));
    must(extension && X509_REVOKED_add_ext(entry, extension.get(), -1) == 1, "a device id");
}

/// The id in our extension; empty if there is none, or it is not one.
std::string device_of(const X509_REVOKED* entry)
{
    const int at = X509_REVOKED_get_ext_by_OBJ(entry, device_extension().get(), -1);
    if (at < 0)
        return {};
    const ASN1_OCTET_STRING* outer = X509_EXTENSION_get_data(X509_REVOKED_get_ext(entry, at));
    const std::uint8_t* begin = ASN1_STRING_get0_data(outer);
    const Octets inner(d2i_ASN1_OCTET_STRING(nullptr, &begin, ASN1_STRING_length(outer)));
    if (!inner || ASN1_STRING_length(inner.get()) != static_cast<int>(kIdBytes)) {
        ERR_clear_error();
        return {};
    }
    return hex(ByteView(ASN1_STRING_get0_data(inner.get()), kIdBytes));
}

void add_entry(X509_CRL* list, const RevokedDevice& device, std::int64_t now)
{
    Entry entry(X509_REVOKED_new());
    must(entry && X509_REVOKED_set_serialNumber(entry.get(), number_of(device).get()) == 1 &&
             X509_REVOKED_set_revocationDate(entry.get(), time_of(now).get()) == 1,
         "an entry");
    name_device(entry.get(), device.device_id);
    must(X509_CRL_add0_revoked(list, entry.get()) == 1, "an entry");
    static_cast<void>(entry.release());
}

void add_extensions(X509_CRL* list, X509* account, std::uint64_t number)
{
    const Number value(ASN1_INTEGER_new());
    must(value && ASN1_INTEGER_set_uint64(value.get(), number) == 1 &&
             X509_CRL_add1_ext_i2d(list, NID_crl_number, value.get(), 0, 0) == 1,
         "a list's number");
    X509V3_CTX context;
    X509V3_set_ctx(&context, account, nullptr, nullptr, list, 0);
    const Extension key(X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
    must(key && X509_CRL_add_ext(list, key.get(), -1) == 1, "a list's extension");
}

RevocationCrl parse(ByteView der)
{
    if (der.size() > kMaxListBytes)
        throw Failure(JF_BAD_INPUT, "a list of revoked devices of more than 8 KiB");
    const std::uint8_t* at = der.data();
    RevocationCrl list(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (!list || at != der.data() + der.size())
        fail_with_reason(JF_BAD_INPUT, "no list of revoked devices");
    return list;
}

void check_signature(X509_CRL* list, X509* account)
{
    EVP_PKEY* key = X509_get0_pubkey(account);
    check_key_kind(key, "account");
    int digest = NID_undef;
    const bool known = OBJ_find_sigid_algs(X509_CRL_get_signature_nid(list), &digest, nullptr) == 1;
    const bool strong = known && (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
    const bool signed_by = strong && X509_CRL_verify(list, key) == 1;
    ERR_clear_error();
    if (!signed_by)
        throw Failure(JF_UNAUTHENTICATED, "the list of revoked devices is not signed by that account");
}

std::uint64_t number_of(X509_CRL* list)
{
    const Number number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
    std::uint64_t value = 0;
    if (!number || ASN1_INTEGER_get_uint64(&value, number.get()) != 1)
        fail_with_reason(JF_BAD_INPUT, "a list of revoked devices without a number");
    return value;
}

} // namespace

std::string serial_of(const X509* certificate)
{
    return digits_of(X509_get0_serialNumber(certificate));
}

Bytes make_list(X509* account, EVP_PKEY* account_key, std::uint64_t number, const std::vector<RevokedDevice>& devices,
                Validity validity)
{
    if (devices.size() > kMaxRevoked)
        throw Failure(JF_EXHAUSTED, "64 devices of an account can be revoked, and no more; another account would begin "
                                    "with none");
    const RevocationCrl list(X509_CRL_new());
    must(list && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1, "a list");
    must(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(account)) == 1, "a list's issuer");
    const std::int64_t now = validity.now_ms / 1000;
    must(X509_CRL_set1_lastUpdate(list.get(), time_of(now).get()) == 1 &&
             X509_CRL_set1_nextUpdate(list.get(), time_of(now + validity.days * kSecondsOfDay).get()) == 1,
         "a list's dates");
    for (const auto& device : devices)
        add_entry(list.get(), device, now);
    add_extensions(list.get(), account, number);
    must(X509_CRL_sort(list.get()) == 1 && X509_CRL_sign(list.get(), account_key, EVP_sha256()) > 0, "signing a list");
    std::uint8_t* der = nullptr;
    const int size = i2d_X509_CRL(list.get(), &der);
    must(size > 0, "writing a list");
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(der);
    return Bytes(der, der + size);
}

RevocationList read_list(X509* account, ByteView der)
{
    const RevocationCrl parsed = parse(der);
    check_signature(parsed.get(), account);
    RevocationList list;
    list.account_id = id_of(account);
    list.number = number_of(parsed.get());
    STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(parsed.get());
    const int count = sk_X509_REVOKED_num(entries); // -1 if there are none
    if (count > static_cast<int>(kMaxRevoked))
        throw Failure(JF_BAD_INPUT, "a list of more than 64 revoked devices");
    for (int i = 0; i < count; ++i) {
        const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
        list.serials.insert(digits_of(X509_REVOKED_get0_serialNumber(entry)));
        if (const auto device = device_of(entry); !device.empty())
            list.devices.insert(device);
    }
    list.der.assign(der.begin(), der.end());
    return list;
}

std::vector<RevokedDevice> devices_of(const RevocationList& list)
{
    const std::uint8_t* at = list.der.data();
    const RevocationCrl parsed(d2i_X509_CRL(nullptr, &at, static_cast<long>(list.der.size())));
    must(parsed != nullptr, "a list that was read before");
    std::vector<RevokedDevice> devices;
    STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(parsed.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
        const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
        devices.push_back({device_of(entry), digits_of(X509_REVOKED_get0_serialNumber(entry))});
    }
    return devices;
}

} // namespace shared_x509
