/* A correct plugin, unless one of the macros of CMakeLists.txt breaks it in one place.
 *
 * Threads: none. Lifetime: create hands out the address of a constant, so there is nothing to free.
 */
#include <jackfield/abi/codec.h>
#include <jackfield/abi/entry.h>
#include <jackfield/abi/media_sink.h>

#ifndef ABI_MAJOR
#define ABI_MAJOR JF_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR JF_ABI_MINOR
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE sizeof(jf_entry)
#endif
#ifndef FACTORY_COUNT
#define FACTORY_COUNT 2
#endif
#ifndef FACTORIES
#define FACTORIES factories
#endif
#ifndef FACTORY_SIZE
#define FACTORY_SIZE sizeof(jf_factory)
#endif
#ifndef FIRST_FACTORY
#define FIRST_FACTORY &codec_factory
#endif
#ifndef ID
#define ID PLUGIN_ID
#endif
#ifndef VERSION
#define VERSION "1.2.3"
#endif
#ifndef INTERFACE
#define INTERFACE JF_CODEC_INTERFACE
#endif
#ifndef TABLE
#define TABLE &codec_methods
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(jf_codec_methods)
#endif
#ifndef OPEN_ENCODER
#define OPEN_ENCODER open_encoder
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

#ifdef UNDEFINED_FUNCTION
extern jf_status no_such_function_anywhere(void);
#define ANSWER no_such_function_anywhere()
#else
#define ANSWER JF_UNSUPPORTED
#endif

static jf_status capabilities(void* self, jf_writer json, jf_error* error)
{
    (void)self, (void)json, (void)error;
    return ANSWER;
}

static jf_status open_encoder(void* self, jf_text config, jf_payload_sink sink, jf_encoder* encoder, jf_error* error)
{
    (void)self, (void)config, (void)sink, (void)encoder, (void)error;
    return JF_UNSUPPORTED;
}

static jf_status open_decoder(void* self, jf_text config, jf_frame_sink sink, jf_decoder* decoder, jf_error* error)
{
    (void)self, (void)config, (void)sink, (void)decoder, (void)error;
    return JF_UNSUPPORTED;
}

static int32_t accepts(void* self, jf_text name)
{
    (void)self, (void)name;
    return 0;
}

static jf_status open_sink(void* self, jf_text name, jf_text options, jf_sink_session* session, jf_error* error)
{
    (void)self, (void)name, (void)options, (void)session, (void)error;
    return JF_UNSUPPORTED;
}

static jf_status create(const jf_host* host, jf_text config, void** self, jf_error* error)
{
    static int instance;
    (void)host, (void)config, (void)error;
    *self = &instance;
    return JF_OK;
}

/* Says no without a reason, or yes without an instance. */
static jf_status create_refused(const jf_host* host, jf_text config, void** self, jf_error* error)
{
    (void)host, (void)config, (void)self, (void)error;
    return JF_EXHAUSTED;
}

static jf_status create_nothing(const jf_host* host, jf_text config, void** self, jf_error* error)
{
    (void)host, (void)config, (void)self, (void)error;
    return JF_OK;
}

static void destroy(void* self)
{
    (void)self;
}

static const jf_codec_methods codec_methods = {(uint32_t)TABLE_SIZE, 0, capabilities, OPEN_ENCODER, open_decoder};
static const jf_media_sink_methods sink_methods = {(uint32_t)sizeof(jf_media_sink_methods), 0, accepts, open_sink, NULL};

static const jf_factory codec_factory = {(uint32_t)FACTORY_SIZE, 0,     TEXT(ID), TEXT(INTERFACE),
                                         TEXT(VERSION),          TABLE, CREATE,   DESTROY};
static const jf_factory sink_factory = {(uint32_t)sizeof(jf_factory),
                                        0,
                                        TEXT(PLUGIN_ID),
                                        TEXT(JF_MEDIA_SINK_INTERFACE),
                                        TEXT("1.2.3"),
                                        &sink_methods,
                                        create,
                                        destroy};
static const jf_factory* const factories[] = {FIRST_FACTORY, &sink_factory};

static const jf_entry entry = {(uint32_t)ENTRY_SIZE, ABI_MAJOR, ABI_MINOR, FACTORY_COUNT, 0, FACTORIES};

#ifdef EXPORTS_MORE
JF_EXPORT extern const int more_than_the_entry;
const int more_than_the_entry = 1;
#endif

/* What some variant leaves unused. */
const void* const jackfield_bad_unused[] = {&codec_factory, &codec_methods, factories, &entry};
jf_status (*const jackfield_bad_unused_functions[])(const jf_host*, jf_text, void**,
                                                    jf_error*) = {create, create_refused, create_nothing};
jf_status (*const jackfield_bad_unused_open)(void*, jf_text, jf_payload_sink, jf_encoder*, jf_error*) = open_encoder;
void (*const jackfield_bad_unused_destroy)(void*) = destroy;

#if defined(SYMBOL_IS_FUNCTION)
JF_EXPORT extern const jf_entry* jackfield_plugin(void);
const jf_entry* jackfield_plugin(void)
{
    return &entry;
}
#elif defined(SYMBOL_IS_SMALL)
JF_EXPORT extern const uint32_t jackfield_plugin;
_Alignas(jf_entry) const uint32_t jackfield_plugin = sizeof(jf_entry);
#elif !defined(SYMBOL_IS_MISSING)
JF_EXPORT extern const jf_entry jackfield_plugin;
const jf_entry jackfield_plugin = {(uint32_t)ENTRY_SIZE, ABI_MAJOR, ABI_MINOR, FACTORY_COUNT, 0, FACTORIES};
#endif
