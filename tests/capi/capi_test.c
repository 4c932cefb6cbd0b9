/* libjackfield as a C11 program meets it: two nodes of one process call each other over loopback; and what is misused is
 * refused, not crashed.
 *
 *   capi_test TEST FOLDER    one of the names in main
 * Threads: those of the tests themselves, and of the nodes. */

#include "pair.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the tests ---------------------------------------------------------------------------------------------------- */

static void a_call_is_recorded_and_the_caller_hangs_up(const char *folder)
{
    struct pair pair = make_pair(NULL);
    char of_alice[JACKFIELD_CALL_ID_SIZE], of_bob[JACKFIELD_CALL_ID_SIZE], file[512];
    snprintf(file, sizeof(file), "%s/capi-%d.mkv", folder, (int)getpid());
    connect(pair, file, of_alice, of_bob);
    await(pair.bob, "\"step\":\"media\",\"event\":\"progress\"", NULL); /* media have moved for a second */
    CHECK_OK(jackfield_call_mute(pair.alice, of_alice, 1, &error));
    CHECK_OK(jackfield_call_digits(pair.alice, of_alice, "5", &error));
    await(pair.bob, "\"digit\":\"5\"", NULL);
    CHECK_OK(jackfield_call_hold(pair.alice, of_alice, 1, &error));
    await(pair.bob, "\"held\":true", NULL);
    CHECK_OK(jackfield_call_hang_up(pair.alice, of_alice, &error));
    CHECK_OK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ENDED, kLong, &error));
    CHECK_OK(jackfield_call_wait(pair.bob, of_bob, JACKFIELD_ENDED, kLong, &error));
    await(pair.bob, "\"step\":\"call\",\"event\":\"done\"", NULL);

    /* What has ended says so. */
    int32_t state = -1;
    CHECK_OK(jackfield_call_state(pair.alice, of_alice, &state, &error));
    CHECK(state == JACKFIELD_ENDED);
    CHECK(jackfield_call_hang_up(pair.alice, of_alice, &error) == JF_CLOSED);
    CHECK(strstr(error.text, of_alice) != NULL && strstr(error.text, "would work") != NULL);
    CHECK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ANSWERED, 0, &error) == JF_CLOSED);
    struct stat recording;
    CHECK(stat(file, &recording) == 0 && recording.st_size > 1000);

    /* It is not written over. */
    const jackfield_media again = {sizeof(jackfield_media), 0, "test", NULL, file};
    CHECK(jackfield_call_place(pair.alice, pair.bob_account, &again, of_alice, &error) == JF_REFUSED);
    CHECK(strstr(error.text, file) != NULL);
    CHECK(unlink(file) == 0);
    free_pair(pair);
}

static void the_callee_hangs_up_declines_and_is_busy(const char *folder)
{
    (void)folder;
    struct pair pair = make_pair(NULL);
    char of_alice[JACKFIELD_CALL_ID_SIZE], of_bob[JACKFIELD_CALL_ID_SIZE];
    /* Nobody said that calls are taken. */
    CHECK_OK(jackfield_call_place(pair.alice, pair.bob_account, NULL, of_alice, &error));
    CHECK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ANSWERED, kLong, &error) == JF_BUSY ||
          error.status == JF_REFUSED);
    connect(pair, NULL, of_alice, of_bob);
    CHECK_OK(jackfield_call_hang_up(pair.bob, of_bob, &error));
    CHECK_OK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ENDED, kLong, &error));
    CHECK_OK(jackfield_call_wait(pair.bob, of_bob, JACKFIELD_ENDED, kLong, &error));
    CHECK_OK(jackfield_call_place(pair.alice, pair.bob_account, NULL, of_alice, &error));
    await(pair.bob, "\"what\":\"incoming\"", of_bob);
    CHECK_OK(jackfield_call_decline(pair.bob, of_bob, &error));
    CHECK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ANSWERED, kLong, &error) == JF_REFUSED);
    free_pair(pair);
}

struct heard {
    atomic_int answered;
    atomic_int freed;
    atomic_int after_free;
    atomic_int busy;
    pthread_t caller;
    jackfield_node *_Atomic node;
};

static void hear(void *user, const char *json)
{
    struct heard *heard = user;
    if (atomic_load(&heard->freed) || pthread_equal(pthread_self(), heard->caller))
        atomic_fetch_add(&heard->after_free, 1);
    if (strstr(json, "\"what\":\"answered\"") == NULL)
        return;
    jackfield_node *node = atomic_load(&heard->node);
    atomic_store(&heard->busy, jackfield_node_free(node) == JF_BUSY);
    char call[JACKFIELD_CALL_ID_SIZE] = "";
    memcpy(call, strstr(json, "\"call\":\"") + 8, JACKFIELD_CALL_ID_SIZE - 1);
    atomic_store(&heard->answered, jackfield_call_hang_up(node, call, NULL) == JF_OK);
}

static void a_callback_runs_beside_the_caller_and_never_after_free(const char *folder)
{
    (void)folder;
    struct heard heard = {.caller = pthread_self()};
    const jackfield_options options = {sizeof(jackfield_options), 0, hear, &heard};
    struct pair pair = make_pair(&options);
    atomic_store(&heard.node, pair.alice);
    char *json = NULL;
    CHECK(jackfield_next_event(pair.alice, 0, &json, &error) == JF_UNSUPPORTED);
    CHECK(jackfield_event_descriptor(pair.alice) == -1);
    char of_alice[JACKFIELD_CALL_ID_SIZE], of_bob[JACKFIELD_CALL_ID_SIZE];
    const jackfield_media media = {sizeof(jackfield_media), 0, "test", NULL, NULL};
    CHECK_OK(jackfield_node_take_calls(pair.bob, 1, &media, &error));
    CHECK_OK(jackfield_call_place(pair.alice, pair.bob_account, &media, of_alice, &error));
    await(pair.bob, "\"what\":\"incoming\"", of_bob);
    CHECK_OK(jackfield_call_answer(pair.bob, of_bob, &error));
    CHECK_OK(jackfield_call_wait(pair.alice, of_alice, JACKFIELD_ENDED, kLong, &error)); /* hung up in the callback */
    CHECK(atomic_load(&heard.answered) == 1 && atomic_load(&heard.busy) == 1);
    CHECK_OK(jackfield_node_free(pair.alice));
    atomic_store(&heard.freed, 1);
    CHECK(jackfield_node_start(pair.alice, &error) == JF_BAD_INPUT);
    CHECK(strstr(error.text, "freed") != NULL);
    CHECK_OK(jackfield_node_free(pair.alice));
    CHECK_OK(jackfield_node_free(pair.bob));
    CHECK(atomic_load(&heard.after_free) == 0);
}

static void errors_have_four_parts(const char *folder)
{
    (void)folder;
    jackfield_node *node = NULL;
    char call[JACKFIELD_CALL_ID_SIZE];
    char text[8];
    CHECK(jackfield_node_open("/nonexistent/jackfield.json", NULL, &node, &error) == JF_NOT_FOUND);
    CHECK(node == NULL && error.status == JF_NOT_FOUND && strstr(error.text, "/nonexistent/jackfield.json") != NULL);
    CHECK(jackfield_node_open_text("{\"jackfield\": 1, \"slotz\": {}}", "mine.json", NULL, NULL, &node, &error) ==
          JF_BAD_CONFIG);
    CHECK(strstr(error.text, "mine.json") != NULL && strstr(error.text, "slotz") != NULL);
    struct pair pair = make_pair(NULL);
    CHECK(jackfield_node_start(pair.alice, &error) == JF_BUSY);
    CHECK(jackfield_call_place(pair.alice, "nobody", NULL, call, &error) == JF_BAD_INPUT);
    CHECK(strstr(error.text, "\"nobody\"") != NULL && strstr(error.text, "would work") != NULL);
    const char *unknown = "0000000000000000000000000000000000000000000000000000000000000000";
    CHECK_OK(jackfield_call_place(pair.alice, unknown, NULL, call, &error));
    CHECK(jackfield_call_wait(pair.alice, call, JACKFIELD_ANSWERED, kLong, &error) == JF_NOT_FOUND);
    CHECK(jackfield_call_answer(pair.alice, "0123456789abcdef", &error) == JF_NOT_FOUND);
    CHECK(jackfield_node_account(pair.alice, text, sizeof(text), &error) == JF_EXHAUSTED);
    CHECK_OK(jackfield_node_stop(pair.alice, &error));
    CHECK_OK(jackfield_node_stop(pair.alice, &error));
    CHECK(jackfield_call_place(pair.alice, unknown, NULL, call, &error) == JF_CLOSED);
    char *json = NULL;
    jf_status status = JF_OK;
    while ((status = jackfield_next_event(pair.alice, kLong, &json, NULL)) == JF_OK)
        jackfield_string_free(json);
    CHECK(status == JF_CLOSED && json == NULL);
    free_pair(pair);
}

static void events_that_nobody_takes_are_counted(const char *folder)
{
    (void)folder;
    const jackfield_options options = {sizeof(jackfield_options), 2, NULL, NULL};
    struct pair pair = make_pair(&options);
    char call[JACKFIELD_CALL_ID_SIZE];
    CHECK_OK(jackfield_call_place(pair.alice, pair.bob_account, NULL, call, &error));
    CHECK(jackfield_call_wait(pair.alice, call, JACKFIELD_ENDED, kLong, &error) != JF_TIMEOUT);
    char *json = NULL;
    for (int i = 0; i < 2; ++i) {
        CHECK_OK(jackfield_next_event(pair.alice, 0, &json, &error));
        CHECK(strstr(json, "dropped") == NULL);
        jackfield_string_free(json);
    }
    CHECK_OK(jackfield_next_event(pair.alice, 0, &json, &error));
    CHECK(strstr(json, "{\"what\":\"dropped\",\"count\":") != NULL);
    jackfield_string_free(json);
    free_pair(pair);
}

static void refuses_misuse_beside_calls(jackfield_node *n)
{
    char text[256];
    char *json = NULL;
    int32_t state = 0;
    uint64_t bytes = 0;
    CHECK(jackfield_call_rotate(n, "x", 90, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_statistics(n, "x", &json, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_transfer(n, "x", NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_join(n, "x", "y", &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_follow(n, "x", NULL, text, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_stay(n, "x", &error) == JF_BAD_INPUT);
    CHECK(jackfield_text_send(n, "x", "hello", text, &error) == JF_BAD_INPUT);
    CHECK(jackfield_text_typing(n, NULL, 1, &error) == JF_BAD_INPUT);
    CHECK(jackfield_text_history(n, NULL, 1, &json, &error) == JF_BAD_INPUT);
    CHECK(jackfield_text_read(n, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_list(n, &json, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_add(n, NULL, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_remove(n, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_ban(n, "x", 1, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_request(n, "x", NULL, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_requests(n, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_accept(n, "x", NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_contact_decline(n, "x", &error) == JF_BAD_INPUT);
    CHECK(jackfield_presence_watch(n, "x", 1, &error) == JF_BAD_INPUT);
    CHECK(jackfield_presence_devices(n, "x", &json, &error) == JF_BAD_INPUT);
    CHECK(jackfield_node_take_files(n, JACKFIELD_FILES_TAKEN, &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_send(n, "x", "y", text, &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_accept(n, "x", &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_cancel(n, "x", &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_progress(n, "x", &state, &bytes, &error) == JF_BAD_INPUT);
    CHECK(jackfield_file_wait(n, "x", 0, text, sizeof(text), &error) == JF_BAD_INPUT);
    CHECK(json == NULL);
}

static void misuse_is_refused(const char *folder)
{
    (void)folder;
    jackfield_node *bad[] = {NULL, (jackfield_node *)0x1234567, (jackfield_node *)UINTPTR_MAX};
    jackfield_node *out = NULL;
    char text[256];
    char *json = NULL;
    int32_t state = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        jackfield_node *n = bad[i];
        CHECK(jackfield_node_start(n, NULL) == JF_BAD_INPUT);
        CHECK(jackfield_node_stop(n, &error) == JF_BAD_INPUT);
        CHECK(jackfield_node_reconfigure(n, NULL, &error) == JF_BAD_INPUT);
        CHECK(jackfield_node_account(n, text, sizeof(text), &error) == JF_BAD_INPUT);
        CHECK(jackfield_node_device(n, NULL, 0, &error) == JF_BAD_INPUT);
        CHECK(jackfield_node_listens_at(n, text, sizeof(text), &error) == JF_BAD_INPUT);
        CHECK(jackfield_next_event(n, 0, &json, &error) == JF_BAD_INPUT);
        CHECK(jackfield_event_descriptor(n) == -1);
        CHECK(jackfield_call_place(n, NULL, NULL, NULL, &error) == JF_BAD_INPUT);
        CHECK(jackfield_node_take_calls(n, 1, NULL, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_answer(n, NULL, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_decline(n, "", &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_hang_up(n, "x", &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_hold(n, "x", 1, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_mute(n, "x", 1, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_pictures(n, "x", 1, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_digits(n, "x", "1", &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_source(n, "x", NULL, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_state(n, "x", &state, &error) == JF_BAD_INPUT);
        CHECK(jackfield_call_wait(n, "x", 0, -1, &error) == JF_BAD_INPUT);
        refuses_misuse_beside_calls(n);
        CHECK_OK(jackfield_node_free(n));
    }
    CHECK(jackfield_node_open(NULL, NULL, &out, &error) == JF_BAD_INPUT);
    CHECK(jackfield_node_open("x", NULL, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_node_open_text(NULL, NULL, NULL, NULL, &out, NULL) == JF_BAD_INPUT);
    const jackfield_options small = {4, 0, NULL, NULL};
    CHECK(jackfield_node_open_text("{}", NULL, NULL, &small, &out, &error) == JF_BAD_INPUT);
    char *endless = malloc(8192);
    CHECK(endless != NULL);
    memset(endless, 'a', 8191);
    endless[8191] = '\0';
    CHECK(jackfield_node_open(endless, NULL, &out, &error) == JF_BAD_INPUT);
    struct pair pair = make_pair(NULL);
    char call[JACKFIELD_CALL_ID_SIZE];
    CHECK(jackfield_call_place(pair.alice, endless, NULL, call, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_place(pair.alice, NULL, NULL, call, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_place(pair.alice, pair.bob_account, NULL, NULL, &error) == JF_BAD_INPUT);
    const jackfield_media flags = {sizeof(jackfield_media), 1024, NULL, NULL, NULL};
    CHECK(jackfield_call_place(pair.alice, pair.bob_account, &flags, call, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_hang_up(pair.alice, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_call_hang_up(pair.alice, "\xff\xfe", &error) == JF_NOT_FOUND);
    CHECK(jackfield_call_wait(pair.alice, call, 77, 0, &error) == JF_BAD_INPUT);
    CHECK(jackfield_next_event(pair.alice, 0, NULL, &error) == JF_BAD_INPUT);
    CHECK(jackfield_node_account(pair.alice, NULL, 0, &error) == JF_BAD_INPUT);
    jackfield_error tiny = {offsetof(jackfield_error, text) + 6, 0, "abcdefgh"};
    CHECK(jackfield_call_hang_up(pair.alice, NULL, &tiny) == JF_BAD_INPUT);
    CHECK(strlen(tiny.text) == 5 && tiny.text[6] == 'g');
    jackfield_string_free(NULL);
    free(endless);
    free_pair(pair);
}

struct crowd {
    struct pair pair;
    pthread_barrier_t together;
};

/* Everything at once, while the node ends under it: each function says a status, and no more is asked. */
static void *use(void *user)
{
    struct crowd *crowd = user;
    pthread_barrier_wait(&crowd->together);
    char text[256], call[JACKFIELD_CALL_ID_SIZE];
    int32_t state = 0;
    for (;;) {
        if (jackfield_node_account(crowd->pair.alice, text, sizeof(text), NULL) == JF_BAD_INPUT)
            return NULL; /* it was freed */
        if (jackfield_call_place(crowd->pair.alice, crowd->pair.bob_account, NULL, call, NULL) != JF_OK)
            continue;
        jackfield_call_state(crowd->pair.alice, call, &state, NULL);
        jackfield_call_hang_up(crowd->pair.alice, call, NULL);
        jackfield_call_wait(crowd->pair.alice, call, JACKFIELD_ENDED, kLong, NULL);
    }
}

static void *take(void *user)
{
    struct crowd *crowd = user;
    pthread_barrier_wait(&crowd->together);
    char *json = NULL;
    int taken = 0;
    while (jackfield_next_event(crowd->pair.alice, -1, &json, NULL) == JF_OK) {
        jackfield_string_free(json);
        ++taken;
    }
    CHECK(taken > 0);
    return NULL;
}

static void several_threads_use_a_node_that_is_freed(const char *folder)
{
    (void)folder;
    struct crowd crowd = {.pair = make_pair(NULL)};
    pthread_t threads[4];
    pthread_barrier_init(&crowd.together, NULL, 5);
    for (int i = 0; i < 4; ++i)
        CHECK(pthread_create(&threads[i], NULL, i == 0 ? take : use, &crowd) == 0);
    pthread_barrier_wait(&crowd.together);
    char call[JACKFIELD_CALL_ID_SIZE];
    CHECK_OK(jackfield_call_place(crowd.pair.alice, crowd.pair.bob_account, NULL, call, &error));
    CHECK(jackfield_call_wait(crowd.pair.alice, call, JACKFIELD_ENDED, kLong, &error) != JF_TIMEOUT);
    CHECK_OK(jackfield_node_free(crowd.pair.alice));
    for (int i = 0; i < 4; ++i)
        CHECK(pthread_join(threads[i], NULL) == 0);
    pthread_barrier_destroy(&crowd.together);
    CHECK_OK(jackfield_node_free(crowd.pair.bob));
}

/* --- programs that exit ------------------------------------------------------------------------------------------- */

extern char **environ;

static void *exit_in_a_thread(void *user)
{
    (void)user;
    exit(0);
}

static void exit_in_the_callback(void *user, const char *json)
{
    (void)user;
    if (strstr(json, "\"digit\":") != NULL)
        exit(0);
}

static void leave_while_the_main_thread_waits(struct pair pair, const char *call, pthread_t *thread)
{
    CHECK(pthread_create(thread, NULL, exit_in_a_thread, NULL) == 0);
    jackfield_call_wait(pair.alice, call, JACKFIELD_ENDED, kLong, NULL);
    pause();
}

/* A process that was forked off has none of its parent's nodes, and exits; its parent's call goes on. */
static void fork_and_go_on(struct pair pair, const char *call)
{
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);
        const int gone = jackfield_call_hang_up(pair.alice, call, NULL) == JF_BAD_INPUT;
        exit(gone && jackfield_node_free(pair.alice) == JF_OK ? 0 : 1);
    }
    int how = -1;
    CHECK(waitpid(child, &how, 0) == child && how == 0);
    int32_t state = -1;
    CHECK_OK(jackfield_call_state(pair.alice, call, &state, &error));
    CHECK(state == JACKFIELD_ANSWERED);
}

#ifdef __SANITIZE_THREAD__
#define SANITIZER_THREADS 1
#else
#define SANITIZER_THREADS 0
#endif
static int most_threads;

/* What libraries and plugins clean up at exit, they clean up under threads that still run; there must be none of a node. */
static void check_that_nothing_runs(void)
{
    int threads = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *task = NULL; tasks != NULL && (task = readdir(tasks)) != NULL;)
        threads += task->d_name[0] != '.';
    if (threads > most_threads) {
        fprintf(stderr, "%d threads run while the program exits\n", threads);
        _exit(1);
    }
    closedir(tasks);
}

/* One that nobody frees: the process ends with two nodes and a call. */
static int leave(const char *how)
{
    most_threads = SANITIZER_THREADS + (strcmp(how, "thread") == 0 || strcmp(how, "callback") == 0 ? 2 : 1);
    CHECK(atexit(check_that_nothing_runs) == 0);
    const jackfield_options heard = {sizeof(jackfield_options), 0, exit_in_the_callback, NULL};
    struct pair pair = make_pair(strcmp(how, "callback") == 0 ? &heard : NULL);
    char of_alice[JACKFIELD_CALL_ID_SIZE], of_bob[JACKFIELD_CALL_ID_SIZE];
    CHECK(atexit(check_that_nothing_runs) == 0); /* as by a library that is used for the first time in the call */
    connect(pair, NULL, of_alice, of_bob);
    pthread_t thread;
    if (strcmp(how, "callback") == 0) {
        CHECK_OK(jackfield_call_digits(pair.bob, of_bob, "1", &error));
        pause();
    }
    if (strcmp(how, "thread") == 0)
        leave_while_the_main_thread_waits(pair, of_alice, &thread);
    if (strcmp(how, "fork") == 0)
        fork_and_go_on(pair, of_alice);
    return 0;
}

static void a_program_may_exit_with_nodes_and_calls(const char *folder)
{
    (void)folder;
    static const char *const ways[] = {"return", "thread", "callback", "fork"};
    enum { kWays = 4, kTimes = 3 };
    for (int time = 0; time < kTimes; ++time) {
        pid_t processes[kWays];
        for (int i = 0; i < kWays; ++i) {
            char *const arguments[] = {"capi_test", "leave", (char *)ways[i], NULL};
            CHECK(posix_spawn(&processes[i], "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
        }
        int failed = 0;
        for (int i = 0; i < kWays; ++i) {
            int how = -1;
            CHECK(waitpid(processes[i], &how, 0) == processes[i]);
            if (how != 0)
                fprintf(stderr, "leave %s: exit code %d, signal %d\n", ways[i], WEXITSTATUS(how), WTERMSIG(how));
            failed |= how;
        }
        CHECK(failed == 0);
    }
}

const char *version_seen_from_cpp(void); /* header_test.cpp */

static void the_header_is_cpp_too(const char *folder)
{
    (void)folder;
    CHECK(strcmp(version_seen_from_cpp(), jackfield_version()) == 0);
    CHECK(strcmp(jackfield_version(), VERSION) == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const char *folder);
    } tests[] = {
#define TEST(name) {#name, name}
        TEST(a_call_is_recorded_and_the_caller_hangs_up),
        TEST(the_callee_hangs_up_declines_and_is_busy),
        TEST(a_callback_runs_beside_the_caller_and_never_after_free),
        TEST(errors_have_four_parts),
        TEST(events_that_nobody_takes_are_counted),
        TEST(misuse_is_refused),
        TEST(several_threads_use_a_node_that_is_freed),
        TEST(a_program_may_exit_with_nodes_and_calls),
        TEST(texts_arrive_and_are_read),
        TEST(contacts_are_kept_and_asked),
        TEST(files_are_offered_taken_and_refused),
        TEST(who_is_there_is_said),
        TEST(a_call_is_handed_on_and_has_statistics),
        TEST(what_a_node_has_not_is_said),
        TEST(the_header_is_cpp_too),
    };
    if (argc == 3 && strcmp(argv[1], "leave") == 0)
        return leave(argv[2]);
    for (size_t i = 0; argc == 3 && i < sizeof(tests) / sizeof(tests[0]); ++i) {
        if (strcmp(tests[i].name, argv[1]) == 0) {
            tests[i].run(argv[2]);
            return 0;
        }
    }
    fprintf(stderr, "usage: capi_test TEST FOLDER\n");
    return 2;
}
