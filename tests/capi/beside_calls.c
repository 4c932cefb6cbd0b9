/* What there is beside placing a call, as a C11 program meets it: texts, contacts, files, presence, calls that are handed on.
 *
 * Threads: those of the tests themselves, and of the nodes. */

#include "pair.h"

#define NOBODY "0000000000000000000000000000000000000000000000000000000000000000"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A rendezvous server, which ends with the test; where it listens goes to `address`. Before there are threads. */
static void start_rendezvous(const char *folder, char *address)
{
    char store[512], line[512] = "";
    int out[2];
    snprintf(store, sizeof(store), "%s/rendezvous-%d.db", folder, (int)getpid());
    CHECK(pipe(out) == 0);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        execl(RENDEZVOUS, RENDEZVOUS, "--bind", "127.0.0.1", "--port", "0", "--store", store, "--events", "json", NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    CHECK(lines != NULL && fgets(line, sizeof(line), lines) != NULL); /* it stays open: what is written goes somewhere */
    CHECK(sscanf(line, "{\"listening\":\"%63[^\"]\"", address) == 1);
    unlink(store);
}

/* Two nodes that meet there, with everything that a configuration may name, in folders of their own. */
static struct pair make_full_pair(const char *folder)
{
    char place[2][512], address[64], discovery[256];
    const char *const more = ", \"texts\": {}, \"contacts\": \"contacts.json\", \"files\": {\"folder\": \"received\", \"from\": "
                             "\"anyone\"}";
    start_rendezvous(folder, address);
    snprintf(discovery, sizeof(discovery),
             "{\"use\": \"discovery-rendezvous\", \"config\": {\"servers\": [\"http://%s\"]}}", address);
    for (int i = 0; i < 2; ++i) {
        snprintf(place[i], sizeof(place[i]), "%s/beside-%d-%d-XXXXXX", folder, (int)getpid(), i);
        CHECK(mkdtemp(place[i]) != NULL);
    }
    struct pair pair;
    pair.bob = make_with(discovery, more, place[1], NULL);
    CHECK_OK(jackfield_node_account(pair.bob, pair.bob_account, sizeof(pair.bob_account), &error));
    await(pair.bob, "\"what\":\"announced\"", NULL);
    pair.alice = make_with(discovery, more, place[0], NULL);
    return pair;
}

static const char *account_of(jackfield_node *node)
{
    static char account[129];
    CHECK_OK(jackfield_node_account(node, account, sizeof(account), &error));
    return account;
}

/* What a function hands out has these words in it, or has not. */
static int has(jf_status status, char *json, const char *words)
{
    CHECK_OK(status);
    CHECK(json != NULL);
    const int found = strstr(json, words) != NULL;
    jackfield_string_free(json);
    return found;
}

static int history_has(jackfield_node *node, const char *peer, const char *words)
{
    char *json = NULL;
    const jf_status status = jackfield_text_history(node, peer, 100, &json, &error);
    return has(status, json, words);
}

void texts_arrive_and_are_read(const char *folder)
{
    const struct pair pair = make_full_pair(folder);
    char id[JACKFIELD_TEXT_ID_SIZE], words[128];
    CHECK_OK(jackfield_text_send(pair.alice, pair.bob_account, "hello \xc3\xa4", id, &error));
    CHECK(strlen(id) > 0);
    await(pair.bob, "\"text\":\"hello \xc3\xa4\"", NULL);
    snprintf(words, sizeof(words), "\"id\":\"%s\",\"what\":\"delivered\"", id);
    await(pair.alice, words, NULL);
    CHECK(history_has(pair.alice, pair.bob_account, "\"delivered\":true"));
    CHECK(history_has(pair.bob, NULL, "\"read\":false"));
    CHECK_OK(jackfield_text_read(pair.bob, account_of(pair.alice), &error));
    CHECK(!history_has(pair.bob, NULL, "\"read\":false"));
    CHECK(history_has(pair.bob, account_of(pair.alice), id));
    CHECK(!history_has(pair.bob, pair.bob_account, id));
    CHECK_OK(jackfield_text_typing(pair.alice, pair.bob_account, 1, &error));
    await(pair.bob, "\"what\":\"typing\"", NULL);
    CHECK(jackfield_text_send(pair.alice, pair.bob_account, "", id, &error) == JF_BAD_INPUT && *id == '\0');
    char *json = NULL;
    CHECK(jackfield_text_history(pair.alice, NULL, 0, &json, &error) == JF_BAD_INPUT);
    CHECK(strstr(error.text, "would work") != NULL);
    free_pair(pair);
}

static int contacts_have(jackfield_node *node, const char *words)
{
    char *json = NULL;
    const jf_status status = jackfield_contact_list(node, &json, &error);
    return has(status, json, words);
}

static int requests_have(jackfield_node *node, const char *words)
{
    char *json = NULL;
    const jf_status status = jackfield_contact_requests(node, &json, &error);
    return has(status, json, words);
}

static void contacts_are_kept(struct pair pair)
{
    char call[JACKFIELD_CALL_ID_SIZE];
    CHECK_OK(jackfield_contact_add(pair.alice, "robert", pair.bob_account, &error));
    CHECK_OK(jackfield_contact_add(pair.alice, "bob", pair.bob_account, &error));
    CHECK(contacts_have(pair.alice, "\"name\":\"bob\"") && !contacts_have(pair.alice, "robert"));
    CHECK(jackfield_contact_add(pair.alice, "x", "y", &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_ban(pair.alice, "carol", 1, &error) == JF_NOT_FOUND);
    CHECK(strstr(error.text, "\"carol\"") != NULL && strstr(error.text, "would work") != NULL);
    /* Peers are called by that name, and who is banned is not heard. */
    CHECK_OK(jackfield_node_take_calls(pair.bob, 1, NULL, &error));
    CHECK_OK(jackfield_call_place(pair.alice, "bob", NULL, call, &error));
    await(pair.bob, "\"what\":\"incoming\"", NULL);
    CHECK_OK(jackfield_call_hang_up(pair.alice, call, &error));
    CHECK_OK(jackfield_contact_ban(pair.bob, account_of(pair.alice), 1, &error));
    CHECK(contacts_have(pair.bob, "\"banned\":true"));
    await(pair.bob, "\"what\":\"changed\"", NULL);
    CHECK_OK(jackfield_call_place(pair.alice, "bob", NULL, call, &error));
    CHECK(jackfield_call_wait(pair.alice, call, JACKFIELD_RINGING, 300, &error) != JF_OK);
    const jf_status hung_up = jackfield_call_hang_up(pair.alice, call, &error);
    CHECK(hung_up == JF_OK || hung_up == JF_CLOSED); /* it may have come to nothing by itself */
    CHECK_OK(jackfield_contact_ban(pair.bob, account_of(pair.alice), 0, &error));
    CHECK_OK(jackfield_contact_remove(pair.bob, account_of(pair.alice), &error));
    CHECK(jackfield_contact_remove(pair.bob, account_of(pair.alice), &error) == JF_NOT_FOUND);
    CHECK(contacts_have(pair.bob, "\"contacts\":[]"));
    CHECK_OK(jackfield_contact_remove(pair.alice, "bob", &error));
}

void contacts_are_kept_and_asked(const char *folder)
{
    const struct pair pair = make_full_pair(folder);
    contacts_are_kept(pair);
    CHECK_OK(jackfield_contact_request(pair.alice, pair.bob_account, "bob", "we met in Ghent", &error));
    CHECK(contacts_have(pair.alice, "\"asked\":true"));
    await(pair.bob, "\"what\":\"contact request\"", NULL);
    CHECK(requests_have(pair.bob, "we met in Ghent"));
    CHECK(jackfield_contact_accept(pair.bob, "nobody", NULL, &error) == JF_NOT_FOUND);
    CHECK_OK(jackfield_contact_accept(pair.bob, account_of(pair.alice), "alice", &error));
    CHECK(contacts_have(pair.bob, "\"name\":\"alice\"") && requests_have(pair.bob, "\"requests\":[]"));
    await(pair.alice, "\"what\":\"accepted\"", NULL);
    CHECK(!contacts_have(pair.alice, "\"asked\":true"));
    CHECK(jackfield_contact_decline(pair.bob, account_of(pair.alice), &error) == JF_NOT_FOUND);
    free_pair(pair);
}

void who_is_there_is_said(const char *folder)
{
    const struct pair pair = make_full_pair(folder);
    char device[129], words[256];
    char *json = NULL;
    CHECK_OK(jackfield_node_device(pair.bob, device, sizeof(device), &error));
    jf_status status = jackfield_presence_devices(pair.alice, pair.bob_account, &json, &error);
    CHECK(has(status, json, device));
    status = jackfield_presence_devices(pair.alice, NOBODY, &json, &error);
    CHECK(has(status, json, "\"devices\":[]"));
    CHECK_OK(jackfield_presence_watch(pair.alice, pair.bob_account, 1, &error));
    snprintf(words, sizeof(words), "\"device\":\"%s\",\"what\":\"online\"", device);
    await(pair.alice, words, NULL);
    CHECK_OK(jackfield_node_stop(pair.bob, &error));
    snprintf(words, sizeof(words), "\"device\":\"%s\",\"what\":\"offline\"", device);
    await(pair.alice, words, NULL);
    CHECK_OK(jackfield_presence_watch(pair.alice, pair.bob_account, 0, &error));
    free_pair(pair);
}

static void write_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    for (size_t i = 0; i < size; ++i)
        CHECK(fputc((int)(i * 31 % 251), file) != EOF);
    CHECK(fclose(file) == 0);
}

void files_are_offered_taken_and_refused(const char *folder)
{
    enum { kSize = 200000 };
    const struct pair pair = make_full_pair(folder);
    char path[512], sent[JACKFIELD_CALL_ID_SIZE], taken[JACKFIELD_CALL_ID_SIZE], place[1024];
    snprintf(path, sizeof(path), "%s/sent-%d.bin", folder, (int)getpid());
    write_file(path, kSize);
    /* Nobody has said that files are taken. */
    CHECK_OK(jackfield_file_send(pair.alice, pair.bob_account, path, sent, &error));
    CHECK_STATUS(jackfield_file_wait(pair.alice, sent, kLong, NULL, 0, &error), JF_REFUSED);
    /* A person is asked, says no, and then yes. */
    CHECK_OK(jackfield_node_take_files(pair.bob, JACKFIELD_FILES_ASKED, &error));
    CHECK_OK(jackfield_file_send(pair.alice, pair.bob_account, path, sent, &error));
    await(pair.bob, "\"what\":\"offered\"", taken);
    int32_t state = -1;
    uint64_t bytes = 1;
    CHECK_OK(jackfield_file_progress(pair.bob, taken, &state, &bytes, &error));
    CHECK(state == JACKFIELD_OFFERED && bytes == 0);
    CHECK(jackfield_file_wait(pair.bob, taken, 0, NULL, 0, &error) == JF_TIMEOUT);
    CHECK_OK(jackfield_file_cancel(pair.bob, taken, &error));
    CHECK_STATUS(jackfield_file_wait(pair.alice, sent, kLong, NULL, 0, &error), JF_REFUSED);
    CHECK(jackfield_file_wait(pair.bob, taken, kLong, NULL, 0, &error) == JF_REFUSED);
    CHECK_OK(jackfield_file_send(pair.alice, pair.bob_account, path, sent, &error));
    await(pair.bob, "\"bytes\":200000", taken);
    await(pair.bob, "\"what\":\"offered\"", taken);
    CHECK_OK(jackfield_file_accept(pair.bob, taken, &error));
    CHECK_OK(jackfield_file_wait(pair.alice, sent, kLong, NULL, 0, &error));
    CHECK_OK(jackfield_file_wait(pair.bob, taken, kLong, place, sizeof(place), &error));
    struct stat received;
    CHECK(stat(place, &received) == 0 && received.st_size == kSize);
    CHECK_OK(jackfield_file_progress(pair.alice, sent, &state, &bytes, &error));
    CHECK(state == JACKFIELD_ENDED && bytes == kSize);
    CHECK(jackfield_file_cancel(pair.bob, taken, &error) == JF_CLOSED);
    /* Without asking: what is there already need not come again. */
    CHECK_OK(jackfield_node_take_files(pair.bob, JACKFIELD_FILES_TAKEN, &error));
    CHECK_OK(jackfield_file_send(pair.alice, pair.bob_account, path, sent, &error));
    CHECK_OK(jackfield_file_wait(pair.alice, sent, kLong, NULL, 0, &error));
    CHECK_OK(jackfield_file_send(pair.alice, pair.bob_account, "/nonexistent", sent, &error));
    CHECK(jackfield_file_wait(pair.alice, sent, kLong, NULL, 0, &error) == JF_NOT_FOUND);
    CHECK(unlink(path) == 0);
    free_pair(pair);
}

void a_call_is_handed_on_and_has_statistics(const char *folder)
{
    (void)folder;
    jackfield_node *carol = make("", NULL);
    char carol_account[129], of_alice[JACKFIELD_CALL_ID_SIZE], of_bob[JACKFIELD_CALL_ID_SIZE];
    char new_call[JACKFIELD_CALL_ID_SIZE], of_carol[JACKFIELD_CALL_ID_SIZE];
    CHECK_OK(jackfield_node_account(carol, carol_account, sizeof(carol_account), &error));
    struct pair pair;
    pair.bob = make(as_peer(carol), NULL);
    CHECK_OK(jackfield_node_account(pair.bob, pair.bob_account, sizeof(pair.bob_account), &error));
    pair.alice = make(as_peer(pair.bob), NULL);
    connect(pair, NULL, of_alice, of_bob);
    char *json = NULL;
    await(pair.alice, "\"what\":\"statistics\"", NULL);
    jf_status status = jackfield_call_statistics(pair.alice, of_alice, &json, &error);
    CHECK(has(status, json, "\"packets_sent\":"));
    CHECK(jackfield_call_rotate(pair.alice, of_alice, 45, &error) == JF_BAD_INPUT);
    CHECK_OK(jackfield_call_rotate(pair.alice, of_alice, 90, &error));
    CHECK(jackfield_call_follow(pair.bob, of_bob, NULL, new_call, &error) == JF_NOT_FOUND);
    CHECK(jackfield_call_join(pair.alice, of_alice, of_alice, &error) == JF_BAD_INPUT);
    /* Bob does not want to, and then does. */
    CHECK_OK(jackfield_call_transfer(pair.alice, of_alice, carol_account, &error));
    await(pair.bob, "\"what\":\"transfer wanted\"", NULL);
    CHECK_OK(jackfield_call_stay(pair.bob, of_bob, &error));
    CHECK(jackfield_call_stay(pair.bob, of_bob, &error) == JF_NOT_FOUND);
    await(pair.alice, "\"what\":\"transfer_ended\"", NULL);
    CHECK_OK(jackfield_node_take_calls(carol, 1, NULL, &error));
    CHECK_OK(jackfield_call_transfer(pair.alice, of_alice, carol_account, &error));
    await(pair.bob, "\"what\":\"transfer wanted\"", NULL);
    CHECK_OK(jackfield_call_follow(pair.bob, of_bob, NULL, new_call, &error));
    await(carol, "\"what\":\"incoming\"", of_carol);
    CHECK_OK(jackfield_call_answer(carol, of_carol, &error));
    CHECK_OK(jackfield_call_wait(pair.bob, new_call, JACKFIELD_ANSWERED, kLong, &error));
    CHECK_OK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ENDED, kLong, &error));
    status = jackfield_call_statistics(pair.alice, of_alice, &json, &error);
    CHECK(has(status, json, "\"streams\":[{"));
    CHECK_OK(jackfield_node_free(carol));
    free_pair(pair);
}

/* A configuration that names no texts and no contacts. */
void what_a_node_has_not_is_said(const char *folder)
{
    (void)folder;
    const struct pair pair = make_pair(NULL);
    char id[JACKFIELD_TEXT_ID_SIZE];
    char *json = NULL;
    CHECK(jackfield_text_send(pair.alice, pair.bob_account, "hello", id, &error) == JF_UNSUPPORTED);
    CHECK(strstr(error.text, "would work") != NULL);
    CHECK(jackfield_text_history(pair.alice, NULL, 1, &json, &error) == JF_UNSUPPORTED);
    CHECK(jackfield_text_read(pair.alice, NULL, &error) == JF_UNSUPPORTED);
    CHECK(jackfield_contact_list(pair.alice, &json, &error) == JF_UNSUPPORTED);
    CHECK(strstr(error.text, "would work") != NULL && json == NULL);
    CHECK(jackfield_contact_add(pair.alice, "bob", pair.bob_account, &error) == JF_UNSUPPORTED);
    CHECK(jackfield_contact_request(pair.alice, pair.bob_account, NULL, NULL, &error) == JF_UNSUPPORTED);
    CHECK(jackfield_file_send(pair.alice, "nobody", "/tmp", id, &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_cancel(pair.alice, "0123456789abcdef", &error) == JF_NOT_FOUND);
    CHECK(strstr(error.text, "file \"0123456789abcdef\"") != NULL);
    CHECK(jackfield_node_take_files(pair.alice, 3, &error) == JF_BAD_INPUT);
    free_pair(pair);
}
