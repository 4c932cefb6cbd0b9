// Requests of devices. See requests.hpp.
//
// Threads: any. What is read may come from anybody: its size is bounded before it is parsed.
#include "requests.hpp"

#include <openssl/pem.h>

namespace shared_x509 {

using jackfield::Failure;

std::string make_request(EVP_PKEY* device_key)
{
    const Request request(X509_REQ_new());
    must(request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1, "a request");
    const std::string name = id_of(device_key);
    must(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                    -1, 0) == 1,
         "a request's name");
    must(X509_REQ_set_pubkey(request.get(), device_key) == 1 &&
             X509_REQ_sign(request.get(), device_key, EVP_sha256()) > 0,
         "signing a request");
    const Memory memory(BIO_new(BIO_s_mem()));
    must(memory && PEM_write_bio_X509_REQ(memory.get(), request.get()) == 1, "writing a request");
    return contents(memory.get());
}

Key key_of_request(std::string_view pem)
{
    if (pem.size() > kMaxRequestBytes)
        throw Failure(JF_BAD_INPUT, "a request of more than 16 KiB");
    const Memory memory = read_only(pem);
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const Request request(PEM_read_bio_X509_REQ(memory.get(), nullptr, no_password, nullptr));
    if (!request)
        fail_with_reason(JF_BAD_INPUT, "no request of a device; \"jackfield id request\" there prints one, from "
                                       "BEGIN to END CERTIFICATE REQUEST");
    Key key(X509_REQ_get_pubkey(request.get()));
    check_key_kind(key.get(), "request"); // before the signature, which costs time that grows with the key
    if (X509_REQ_verify(request.get(), key.get()) != 1) {
        ERR_clear_error();
        throw Failure(JF_UNAUTHENTICATED, "the request is not signed by its own key, so nobody proves to hold it");
    }
    return key;
}

} // namespace shared_x509
