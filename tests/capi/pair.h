/* Two nodes of one process that call each other over loopback, for tests of libjackfield in C.
 *
 * Threads: the test's own. */
#ifndef JACKFIELD_TESTS_CAPI_PAIR_H
#define JACKFIELD_TESTS_CAPI_PAIR_H

#include <jackfield/jackfield.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kLong = 30000 }; /* ms; a bound on what hangs, no measure */

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static jackfield_error error = {sizeof(jackfield_error), 0, ""};

#define CHECK_STATUS(call, wanted)                                                                                     \
    do {                                                                                                               \
        const jf_status status_ = (call);                                                                              \
        if (status_ != (wanted)) {                                                                                     \
            fprintf(stderr, "%s:%d: %s: %d: %s\n", __FILE__, __LINE__, #call, (int)status_, error.text);               \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(call, JF_OK)

/* `discovery` is its entry in the slots, `more` members of the configuration, with a comma before them, whose files lie in
 * `folder`. */
static inline jackfield_node *make_with(const char *discovery, const char *more, const char *folder,
                                        const jackfield_options *options)
{
    char config[4096];
    snprintf(config, sizeof(config),
             "{\"jackfield\": 1%s, \"plugin_path\": [\"" PLUGINS "\"], \"call\": {\"control_policy\": \"tcp-only\"}, \"slots\": {"
             "\"identity\": {\"use\": \"identity-memory\"},"
             "\"discovery\": %s,"
             "\"connectivity\": {\"use\": \"ice-direct\", \"config\": {\"addresses\": [\"127.0.0.1\"]}},"
             "\"secure_channel\": {\"use\": \"secure-openssl\"}, \"multiplexer\": {\"use\": \"mux-yamux\"},"
             "\"signaling\": {\"use\": \"signaling-json\"},"
             "\"media_transport\": {\"use\": \"media-srtp\"},"
             "\"codec\": [{\"use\": \"codec-opus\"}, {\"use\": \"codec-vpx\"}],"
             "\"media_source\": [{\"use\": \"media-test\"}],"
             "\"media_sink\": [{\"use\": \"media-ffmpeg\"}, {\"use\": \"media-null\"}]}}",
             more, discovery);
    jackfield_node *node = NULL;
    CHECK_OK(jackfield_node_open_text(config, "test.json", folder, options, &node, &error));
    CHECK(node != NULL);
    CHECK_OK(jackfield_node_start(node, &error));
    return node;
}

/* Is called by those who have it among their `peers`, JSON objects. */
static inline jackfield_node *make(const char *peers, const jackfield_options *options)
{
    char discovery[1024];
    snprintf(discovery, sizeof(discovery),
             "{\"use\": \"discovery-static\", \"config\": {\"listen\": \"127.0.0.1:0\", \"peers\": [%s]}}", peers);
    return make_with(discovery, "", NULL, options);
}

/* {"account": .., "address": ..} of a node, for the peers of others. */
static inline const char *as_peer(jackfield_node *node)
{
    static char peer[512];
    char account[129], address[64];
    CHECK_OK(jackfield_node_account(node, account, sizeof(account), &error));
    CHECK_OK(jackfield_node_listens_at(node, address, sizeof(address), &error));
    snprintf(peer, sizeof(peer), "{\"account\": \"%s\", \"address\": \"%s\"}", account, address);
    return peer;
}

struct pair {
    jackfield_node *alice;
    jackfield_node *bob;
    char bob_account[129];
};

static inline struct pair make_pair(const jackfield_options *of_alice)
{
    struct pair pair;
    pair.bob = make("", NULL);
    CHECK_OK(jackfield_node_account(pair.bob, pair.bob_account, sizeof(pair.bob_account), &error));
    CHECK(strlen(pair.bob_account) == 64);
    pair.alice = make(as_peer(pair.bob), of_alice);
    return pair;
}

static inline void free_pair(struct pair pair)
{
    CHECK_OK(jackfield_node_free(pair.alice));
    CHECK_OK(jackfield_node_free(pair.bob));
}

/* The next event with these words in it, by the descriptor; the id of its call, if that is wanted. */
static inline void await(jackfield_node *node, const char *words, char *call)
{
    for (;;) {
        struct pollfd readable = {jackfield_event_descriptor(node), POLLIN, 0};
        CHECK(readable.fd >= 0);
        CHECK(poll(&readable, 1, kLong) == 1);
        char *json = NULL;
        CHECK_OK(jackfield_next_event(node, 0, &json, &error));
        const int found = strstr(json, words) != NULL;
        const char *id = strstr(json, "\"call\":\"");
        CHECK(id != NULL);
        if (found && call != NULL) {
            memcpy(call, id + 8, JACKFIELD_CALL_ID_SIZE - 1);
            call[JACKFIELD_CALL_ID_SIZE - 1] = '\0';
        }
        jackfield_string_free(json);
        if (found)
            return;
    }
}

/* Alice calls bob, who answers. */
static inline void connect(struct pair pair, const char *record, char *of_alice, char *of_bob)
{
    const jackfield_media sent = {sizeof(jackfield_media), 0, "test", NULL, NULL};
    const jackfield_media taken = {sizeof(jackfield_media), 0, "test", NULL, record};
    int32_t state = -1;
    CHECK_OK(jackfield_node_take_calls(pair.bob, 1, &taken, &error));
    CHECK_OK(jackfield_call_place(pair.alice, pair.bob_account, &sent, of_alice, &error));
    await(pair.bob, "\"what\":\"incoming\"", of_bob);
    CHECK_OK(jackfield_call_state(pair.bob, of_bob, &state, &error));
    CHECK(state == JACKFIELD_RINGING);
    CHECK(jackfield_call_wait(pair.bob, of_bob, JACKFIELD_ANSWERED, 0, &error) == JF_TIMEOUT);
    CHECK_OK(jackfield_call_answer(pair.bob, of_bob, &error));
    CHECK_OK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ANSWERED, kLong, &error));
    CHECK_OK(jackfield_call_wait(pair.bob, of_bob, JACKFIELD_ANSWERED, kLong, &error));
}

/* beside_calls.c */
void texts_arrive_and_are_read(const char *folder);
void contacts_are_kept_and_asked(const char *folder);
void files_are_offered_taken_and_refused(const char *folder);
void who_is_there_is_said(const char *folder);
void a_call_is_handed_on_and_has_statistics(const char *folder);
void what_a_node_has_not_is_said(const char *folder);

#endif
