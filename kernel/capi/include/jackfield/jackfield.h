/* libjackfield: the kernel for programs in other languages. Plain C11: load a configuration, place and take calls, hear
 * what happens.
 *
 * Rules that hold for every function, said once:
 *   Threads     every function may be called on any thread, several at once. Functions that say "blocks" wait for the
 *               node; the others return at once.
 *   Ownership   a pointer passed in is borrowed until the function returns. Texts are UTF-8 and end with a zero byte. A
 *               node is freed by jackfield_node_free, a text that a function handed out by jackfield_text_free.
 *   Exit        nodes that are left when the program returns from main or calls exit are closed first of all; a callback
 *               that is running then is waited for, a second at most. A process that was forked off has no nodes of its
 *               parent's: what there was is as if it had been freed.
 *   Names       a call is named by its id, 16 hexadecimal digits, which stands in each of its events. Nothing has to be
 *               freed for it: a call that has ended is remembered until 64 later ones have ended, too, and any function
 *               that gets the id of a call that is over says JF_CLOSED, of one that never was JF_NOT_FOUND.
 *   Errors      a status of <jackfield/abi/types.h>: JF_OK or a negative code, and a sentence in four parts (place,
 *               problem, where we looked, what would work) in `error`, which may be NULL. A node that is NULL, or was
 *               freed, is JF_BAD_INPUT, as is any argument that is missing or too long. Nothing is thrown.
 *   Growth      whoever makes a struct sets struct_size to its size; members may be added at the end.
 */
#ifndef JACKFIELD_JACKFIELD_H
#define JACKFIELD_JACKFIELD_H

#include <jackfield/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JACKFIELD_API __attribute__((visibility("default")))

/* A node: who we are, its plugins, its calls. Not a pointer to anything; never reused in a process. */
typedef struct jackfield_node jackfield_node;

#define JACKFIELD_ERROR_TEXT_SIZE 1024
typedef struct jackfield_error {
    uint32_t struct_size;
    jf_status status;
    char text[JACKFIELD_ERROR_TEXT_SIZE]; /* always terminated, cut if longer */
} jackfield_error;

#define JACKFIELD_CALL_ID_SIZE 17 /* with the zero byte */

/* "0.1.0". Lives as long as the library. */
JACKFIELD_API const char *jackfield_version(void);

/* --- nodes -------------------------------------------------------------------------------------------------------- */

/* One event: a JSON object as `jackfield call --events json` writes it (timeline.schema.json); the last one of a call has
 * "step":"call" and "event":"done" or "failed". Beside those of the timeline there are, with "step":"call" and
 * "event":"progress", details with
 *   {"what":"incoming","peer":..,"device":..,"contact":..,"display_name":..}   it rings here: answer or decline
 *   {"what":"answered"}
 *   {"what":"source ended","kind":"audio" or "video"}
 *   {"what":"dropped","count":3}   of the node: nobody took events for too long, and so many were lost here.
 * On a thread of the node's that is there for nothing else: never inside a function of the caller's, one event after the
 * other, none after jackfield_node_free has returned. Every function may be called in it but jackfield_node_free. */
typedef void (*jackfield_on_event)(void *user, const char *json);

/* {sizeof(jackfield_options), 0, NULL, NULL} is the default. */
typedef struct jackfield_options {
    uint32_t struct_size;
    uint32_t most_events;        /* that wait to be taken, more are dropped; 0: 4096 */
    jackfield_on_event on_event; /* NULL: they are taken by jackfield_next_event */
    void *user;
} jackfield_options;

/* Loads a configuration file, and the plugins it names; opens no socket. `options` may be NULL. JF_NOT_FOUND: there is no
 * such file. JF_BAD_CONFIG: what is wrong in it. */
JACKFIELD_API jf_status jackfield_node_open(const char *config_file, const jackfield_options *options,
                                            jackfield_node **node, jackfield_error *error);

/* The same with the text of a configuration. `name` stands for the file in errors; relative paths in it start at `folder`;
 * both may be NULL. */
JACKFIELD_API jf_status jackfield_node_open_text(const char *config, const char *name, const char *folder,
                                                 const jackfield_options *options, jackfield_node **node,
                                                 jackfield_error *error);

/* Goes online: identity (made if there is none), discovery, listening. Being offline is no error. Blocks. JF_BUSY if it
 * has started, JF_CLOSED if it has stopped. */
JACKFIELD_API jf_status jackfield_node_start(jackfield_node *node, jackfield_error *error);

/* Calls that begin from now on use that configuration; if anything is wrong with it, nothing changes. Blocks. JF_BUSY
 * before start. */
JACKFIELD_API jf_status jackfield_node_reconfigure(jackfield_node *node, const char *config_file,
                                                   jackfield_error *error);

/* Hangs up, goes offline, closes everything. Events that wait can still be taken. Blocks. Twice is no error. */
JACKFIELD_API jf_status jackfield_node_stop(jackfield_node *node, jackfield_error *error);

/* Stops the node, if need be, and gives everything back; NULL and a freed node are no error. Blocks, until the last
 * callback has returned. JF_BUSY in a callback of this node, which would wait for itself: nothing is freed. */
JACKFIELD_API jf_status jackfield_node_free(jackfield_node *node);

/* Our account, our device (64 hexadecimal digits each), or where the first discovery mechanism listens ("127.0.0.1:4300",
 * empty if it does not say), once the node has started: copied to `text`, of `size` bytes. JF_EXHAUSTED if that is too
 * small, JF_BUSY before start. The last one blocks. */
JACKFIELD_API jf_status jackfield_node_account(jackfield_node *node, char *text, size_t size, jackfield_error *error);
JACKFIELD_API jf_status jackfield_node_device(jackfield_node *node, char *text, size_t size, jackfield_error *error);
JACKFIELD_API jf_status jackfield_node_listens_at(jackfield_node *node, char *text, size_t size,
                                                  jackfield_error *error);

/* --- events ------------------------------------------------------------------------------------------------------- */

/* The oldest event that waits: *json, freed by jackfield_text_free. Blocks for `timeout_ms`, 0: not at all, negative: until
 * there is one. JF_TIMEOUT, with *json NULL, if there is none; JF_CLOSED when the node has stopped and all were taken;
 * JF_UNSUPPORTED if the node has a callback. */
JACKFIELD_API jf_status jackfield_next_event(jackfield_node *node, int32_t timeout_ms, char **json,
                                             jackfield_error *error);

/* A file descriptor that poll says is readable when jackfield_next_event would not say JF_TIMEOUT. It is the node's: not to
 * be read or closed. -1 if there is no such node or it has a callback. */
JACKFIELD_API int jackfield_event_descriptor(jackfield_node *node);

/* NULL is no error. */
JACKFIELD_API void jackfield_text_free(char *text);

/* --- calls -------------------------------------------------------------------------------------------------------- */

#define JACKFIELD_AUDIO_ONLY 1u /* no pictures are offered */
#define JACKFIELD_BOTH_SIDES 2u /* what is sent is recorded, too */
#define JACKFIELD_OVERWRITE 4u  /* the recording may replace a file */

/* What a call sends and where what arrives goes, in the words of `jackfield call`. */
typedef struct jackfield_media {
    uint32_t struct_size;
    uint32_t flags;     /* JACKFIELD_.. above */
    const char *send;   /* a media file, "test", "microphone:+camera:", "none"; NULL: as the configuration says */
    const char *play;   /* "speaker:+window:", "none"; NULL: as the configuration says */
    const char *record; /* a file, .mkv or .webm; NULL: nothing is kept */
} jackfield_media;

/* Calls an account, or a contact by its name. `media` may be NULL. The id of the call is written to `call`, of
 * JACKFIELD_CALL_ID_SIZE bytes. What becomes of it is said by events and jackfield_call_wait. JF_BAD_INPUT: that is no
 * account and no contact. JF_REFUSED: the recording is there already. JF_BUSY before start. */
JACKFIELD_API jf_status jackfield_call_place(jackfield_node *node, const char *peer, const jackfield_media *media,
                                             char *call, jackfield_error *error);

/* From now on calls that come in ring, `most` at once, and have these media once they are answered; the second recording
 * gets the name FILE-2 and so on. Before this, and with 0, whoever calls is told that we are busy. */
JACKFIELD_API jf_status jackfield_node_take_calls(jackfield_node *node, uint32_t most, const jackfield_media *media,
                                                  jackfield_error *error);

JACKFIELD_API jf_status jackfield_call_answer(jackfield_node *node, const char *call, jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_decline(jackfield_node *node, const char *call, jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_hang_up(jackfield_node *node, const char *call, jackfield_error *error);

/* In a running call; what came of it is said by an event. 0: no, others: yes. */
JACKFIELD_API jf_status jackfield_call_hold(jackfield_node *node, const char *call, int on, jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_mute(jackfield_node *node, const char *call, int on, jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_pictures(jackfield_node *node, const char *call, int on,
                                                jackfield_error *error);

/* Keys 0-9, *, #, A-D (RFC 4733), at most 64 at once; JF_BAD_INPUT for others. */
JACKFIELD_API jf_status jackfield_call_digits(jackfield_node *node, const char *call, const char *keys,
                                              jackfield_error *error);

/* Sends something else, as jackfield_media has it. */
JACKFIELD_API jf_status jackfield_call_source(jackfield_node *node, const char *call, const char *send,
                                              jackfield_error *error);

/* How far a call is; it only grows. */
#define JACKFIELD_CALLING 0
#define JACKFIELD_RINGING 1
#define JACKFIELD_ANSWERED 2
#define JACKFIELD_ENDED 3

/* *state: one of the above. JF_OK for a call that has ended, too. */
JACKFIELD_API jf_status jackfield_call_state(jackfield_node *node, const char *call, int32_t *state,
                                             jackfield_error *error);

/* Blocks until the call is as far as that, `timeout_ms` at most (negative: for ever); JF_TIMEOUT. JF_OK when it is. If it
 * has ended otherwise than in order, how: JF_UNREACHABLE, JF_REFUSED, .., with a sentence; if it has ended in order before
 * it was as far as that, JF_CLOSED. */
JACKFIELD_API jf_status jackfield_call_wait(jackfield_node *node, const char *call, int32_t state, int32_t timeout_ms,
                                            jackfield_error *error);

#ifdef __cplusplus
}
#endif
#endif
