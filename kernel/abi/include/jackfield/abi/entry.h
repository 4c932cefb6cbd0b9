/* How a library says it is a plugin: one data symbol, read before any of its functions is called.
 *
 * The library exports exactly one symbol, `const jf_entry jackfield_plugin`. The kernel compares it with the manifest
 * that lies beside the library; the first difference refuses the plugin.
 */
#ifndef JACKFIELD_ABI_ENTRY_H
#define JACKFIELD_ABI_ENTRY_H

#include "host.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes instances of one interface. Has no state: everything lives in an instance. */
typedef struct jf_factory {
    uint32_t struct_size;
    uint32_t reserved;    /* 0 */
    jf_text plugin_id;    /* "<slot>-<implementation>", for example "ice-libnice" */
    jf_text interface_id; /* for example "jackfield.connectivity/1" */
    jf_text version;      /* "major.minor.patch" of the plugin */

    /* The method table of the interface: for "jackfield.connectivity/1" a const jf_connectivity_methods *. Its
     * functions get the `self` that create returned. */
    const void *methods;

    /* [control] Makes an instance. config_json is one JSON object that already satisfies the plugin's schema. The host
     * stays valid until destroy returns. On failure *self is left alone and the error filled; JF_BAD_CONFIG errors
     * start with the JSON pointer of the offending value. Opens no socket that a later `start`-like call could open. */
    jf_status (*create)(const jf_host *host, jf_text config_json, void **self, jf_error *error);

    /* [control] Ends the instance: completes what is running with JF_CANCELLED, joins the instance's own threads. Never
     * called from inside a call of the same instance, and only after every object it made has been released. */
    void (*destroy)(void *self);
} jf_factory;

typedef struct jf_entry {
    uint32_t struct_size;
    uint16_t abi_major; /* JF_ABI_MAJOR the plugin was built with */
    uint16_t abi_minor;
    uint32_t factory_count;
    uint32_t reserved; /* 0 */
    const jf_factory *const *factories;
} jf_entry;

#define JF_ENTRY_SYMBOL "jackfield_plugin"

/* Puts the one symbol into view. */
#if defined(__GNUC__)
#define JF_EXPORT __attribute__((visibility("default")))
#else
#define JF_EXPORT
#endif

JF_ASSERT_SIZE(jf_factory, 80);
JF_ASSERT_OFFSET(jf_factory, plugin_id, 8);
JF_ASSERT_OFFSET(jf_factory, methods, 56);
JF_ASSERT_OFFSET(jf_factory, destroy, 72);
JF_ASSERT_SIZE(jf_entry, 24);
JF_ASSERT_OFFSET(jf_entry, factories, 16);

#ifdef __cplusplus
}
#endif
#endif
