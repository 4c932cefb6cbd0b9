/* jackfield.identity/1: who we are, and who somebody else is.
 *
 * An account has devices; a device has a key and a certificate chain that ends at the account. Ids are lower-case text
 * whose form belongs to the plugin (identity-x509: hex SHA-256 of the DER SubjectPublicKeyInfo).
 * One instance per node, made before all others, which reach it through jf_host.get_service(JF_IDENTITY_INTERFACE).
 */
#ifndef JACKFIELD_ABI_IDENTITY_H
#define JACKFIELD_ABI_IDENTITY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JF_IDENTITY_INTERFACE "jackfield.identity/1"

/* Whose key signs. */
#define JF_KEY_DEVICE 1
#define JF_KEY_ACCOUNT 2

/* How sign_digest signs (RFC 8446 section 4.2.3 names). */
#define JF_SIGN_ECDSA 1      /* DER ECDSA-Sig-Value */
#define JF_SIGN_RSA_PKCS1 2  /* RFC 8017 section 8.2 */
#define JF_SIGN_RSA_PSS 3    /* RFC 8017 section 8.1, salt as long as the digest */

#define JF_DIGEST_SHA256 1
#define JF_DIGEST_SHA384 2
#define JF_DIGEST_SHA512 3

/* One device of one account: what a peer is, as far as we know it. All parts borrowed. */
typedef struct jf_device {
    uint32_t struct_size;
    uint32_t reserved;
    jf_text account_id;
    jf_text device_id;
    jf_text chain_pem; /* leaf first, then its issuers; empty if not known */
} jf_device;

typedef struct jf_identity_methods {
    uint32_t struct_size;
    uint32_t reserved;

    /* [control] Loads the account and device, creating them if there are none. Posted. Before it is done the functions
     * below answer JF_WOULD_BLOCK. */
    void (*load)(void *self, jf_done done);

    /* [any] Our own device. The texts stay valid as long as the instance. */
    jf_status (*self_device)(void *self, jf_device *device, jf_error *error);

    /* [any] The signature by one of our keys over the data, in the plugin's own scheme; verify undoes it. JF_UNSUPPORTED
     * for the account's key on a device that does not hold it. */
    jf_status (*sign)(void *self, uint32_t key, jf_bytes data, jf_writer signature, jf_error *error);

    /* [any] JF_OK if the signature over the data was made by the leaf of signer_chain_pem (JF_KEY_DEVICE), or by the
     * account that issued it (JF_KEY_ACCOUNT). JF_UNAUTHENTICATED otherwise. */
    jf_status (*verify)(void *self, jf_text signer_chain_pem, uint32_t key, jf_bytes data, jf_bytes signature,
                        jf_error *error);

    /* [any] JF_OK if the chain is in order, now valid, its leaf is expected->device_id (if not empty) and it was issued
     * by expected->account_id (if not empty), and the account has not revoked it as far as we know. JF_UNAUTHENTICATED
     * with the reason in words otherwise. When it is JF_OK and `found` is not null, found is called once with the account and device id of the chain. */
    jf_status (*verify_chain)(void *self, jf_text chain_pem, const jf_device *expected,
                              void (*found)(void *context, const jf_device *device), void *context, jf_error *error);

    /* [any] Encrypts so that only the device with that chain can open it. */
    jf_status (*seal)(void *self, jf_text recipient_chain_pem, jf_bytes plain, jf_writer sealed, jf_error *error);

    /* [any] Undoes seal for our device. JF_UNAUTHENTICATED if it was not sealed for us or was changed. */
    jf_status (*open)(void *self, jf_bytes sealed, jf_writer plain, jf_error *error);

    /* [any] Signs a digest with the device key: what a TLS library needs when the key stays where it is.
     * JF_UNSUPPORTED if the key cannot sign that way. */
    jf_status (*sign_digest)(void *self, uint32_t scheme, uint32_t digest, jf_bytes value, jf_writer signature,
                             jf_error *error);

    /* optional */

    /* [any] The device's private key, PEM (PKCS#8). Absent, or JF_UNSUPPORTED, when it never leaves a token: then use
     * sign_digest. The receiver wipes its copy. */
    jf_status (*private_key_pem)(void *self, jf_writer pem, jf_error *error);

    /* What follows changes or shows the account's devices. It waits for the disk, and for a key of RSA up to seconds: not
     * on the control thread of a node that runs, but for revocations and take_revocations, which are [any]. */

    /* A request for a place in an account (PKCS#10, RFC 2986, PEM), with a key that stays here until join_account. Before
     * load, where there is no account yet; after it, for a new certificate of this device. JF_BUSY if there is an account
     * here that needs nothing of the kind. */
    jf_status (*request_device)(void *self, jf_writer request_pem, jf_error *error);

    /* Makes whoever holds the request's private key a device of our account; `chain` is called once with its ids and the
     * chain to carry to it. JF_BAD_INPUT for what is no request, JF_UNAUTHENTICATED if it is not signed by its own key,
     * JF_REFUSED if that device was revoked, JF_UNSUPPORTED where the account's key is not. */
    jf_status (*issue_device)(void *self, jf_text request_pem, void (*chain)(void *context, const jf_device *device),
                              void *context, jf_error *error);

    /* Takes the chain that was issued for our request: this is a device of that account from the next load on. JF_BUSY if
     * there is another account here; JF_UNAUTHENTICATED if the chain is for another key. */
    jf_status (*join_account)(void *self, jf_text chain_pem, jf_error *error);

    /* The device is none of our account any more, from now on and for ever. JF_NOT_FOUND if it was never one that we
     * know; JF_REFUSED for the device itself; JF_UNSUPPORTED where the account's key is not. */
    jf_status (*revoke_device)(void *self, jf_text device_id, jf_error *error);

    /* [any] The newest list of revoked devices that we know of the account, in the plugin's own form, signed by the
     * account. JF_NOT_FOUND if we know none. An account id that is empty is ours. */
    jf_status (*revocations)(void *self, jf_text account_id, jf_writer list, jf_error *error);

    /* [any] A list of the account at the end of the chain, which may be the chain of a revoked device. JF_OK if it is
     * newer than what we knew; it is kept, and verify_chain heeds it from now on. JF_REFUSED if it is not newer,
     * JF_UNAUTHENTICATED if the account did not sign it, JF_BAD_INPUT if it is none. */
    jf_status (*take_revocations)(void *self, jf_text chain_pem, jf_bytes list, jf_error *error);

    /* What one would tell a person of our account (schemas/account.schema.json). */
    jf_status (*describe_account)(void *self, jf_writer json, jf_error *error);
} jf_identity_methods;

/* What get_service(JF_IDENTITY_INTERFACE) returns a pointer to. */
typedef struct jf_identity {
    const jf_identity_methods *methods;
    void *self;
} jf_identity;

JF_ASSERT_SIZE(jf_device, 56);
JF_ASSERT_OFFSET(jf_device, chain_pem, 40);
JF_ASSERT_SIZE(jf_identity_methods, 136);
JF_ASSERT_OFFSET(jf_identity_methods, load, 8);
JF_ASSERT_OFFSET(jf_identity_methods, private_key_pem, 72);
JF_ASSERT_OFFSET(jf_identity_methods, describe_account, 128);
JF_ASSERT_SIZE(jf_identity, 16);

#ifdef __cplusplus
}
#endif
#endif
