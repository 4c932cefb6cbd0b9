/* libjackfield: the kernel for programs in other languages. Plain C11: load a configuration, place and take calls, write
 * and read texts, send and take files, keep contacts, hear what happens.
 *
 * Rules that hold for every function, said once:
 *   Threads     every function may be called on any thread, several at once. Functions that say "blocks" wait for the
 *               node; the others return at once.
 *   Ownership   a pointer passed in is borrowed until the function returns. Texts are UTF-8 and end with a zero byte. A
 *               node is freed by jackfield_node_free, a text that a function handed out by jackfield_string_free.
 *   Exit        nodes that are left when the program returns from main or calls exit are closed first of all; a callback
 *               that is running then is waited for, a second at most. A process that was forked off has no nodes of its
 *               parent's: what there was is as if it had been freed.
 *   Names       a call is named by its id, 16 hexadecimal digits, which stands in each of its events, and so is a file on
 *               its way. Nothing has to be freed for it: one that has ended is remembered until 64 later ones have ended,
 *               too, and any function that gets the id of one that is over says JF_CLOSED, of one that never was
 *               JF_NOT_FOUND.
 *   Peers       where a peer is wanted, an account (64 hexadecimal digits, or a URI of a service) or the name of a contact.
 *               JF_BAD_INPUT for what is neither.
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
 *   {"what":"transfer wanted","account":..,"attended":true}   the peer wants us to call that account: follow or stay
 *   {"what":"dropped","count":3}   of the node: nobody took events for too long, and so many were lost here.
 * and of the node ("call":"") or of a file (its id), each with "event":"progress":
 *   "step":"text"     {"what":"text","account":..,"id":..,"ours":false,"text":..,"sent":..,"read":false}   one has come
 *                     {"what":"typing","account":..,"active":true}   somebody writes, or has stopped
 *   "step":"contact"  {"what":"contact request","account":..,"name":..,"note":..,"at":..}   accept or decline it
 *                     {"what":"profile","account":..,"name":..}
 *   "step":"file"     {"what":"offered","account":..,"name":..,"bytes":..}   one comes in
 * Who comes and goes is "step":"discovery" with "what":"online" or "offline"; a text of ours that has arrived is
 * "step":"text" with "what":"delivered".
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

/* The oldest event that waits: *json, freed by jackfield_string_free. Blocks for `timeout_ms`, 0: not at all, negative: until
 * there is one. JF_TIMEOUT, with *json NULL, if there is none; JF_CLOSED when the node has stopped and all were taken;
 * JF_UNSUPPORTED if the node has a callback. */
JACKFIELD_API jf_status jackfield_next_event(jackfield_node *node, int32_t timeout_ms, char **json,
                                             jackfield_error *error);

/* A file descriptor that poll says is readable when jackfield_next_event would not say JF_TIMEOUT. It is the node's: not to
 * be read or closed. -1 if there is no such node or it has a callback. */
JACKFIELD_API int jackfield_event_descriptor(jackfield_node *node);

/* NULL is no error. */
JACKFIELD_API void jackfield_string_free(char *text);

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

/* How the peer is to turn our pictures: 0, 90, 180 or 270 degrees clockwise. */
JACKFIELD_API jf_status jackfield_call_rotate(jackfield_node *node, const char *call, uint32_t degrees,
                                              jackfield_error *error);

/* {"streams":[..]} as timeline.schema.json has them: of a call that runs those of the last second, none at first; of one
 * that has ended those of all of it, if there were any. *json is freed by jackfield_string_free. */
JACKFIELD_API jf_status jackfield_call_statistics(jackfield_node *node, const char *call, char **json,
                                                  jackfield_error *error);

/* The peer of a running call is to call `peer` instead (RFC 3515); or to take our place in the call `other`, which runs,
 * too (RFC 3891). Events of "step":"signaling" say how that goes. When they talk our calls end; if nothing comes of it,
 * they go on. */
JACKFIELD_API jf_status jackfield_call_transfer(jackfield_node *node, const char *call, const char *peer,
                                                jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_join(jackfield_node *node, const char *call, const char *other,
                                            jackfield_error *error);

/* After "transfer wanted", within a minute, or else it is refused: places the call that the peer wants, whose id goes to
 * `new_call`, of JACKFIELD_CALL_ID_SIZE bytes; when that is answered the other one ends. Or stays with the peer.
 * JF_NOT_FOUND if it wants nothing, or that is decided. */
JACKFIELD_API jf_status jackfield_call_follow(jackfield_node *node, const char *call, const jackfield_media *media,
                                              char *new_call, jackfield_error *error);
JACKFIELD_API jf_status jackfield_call_stay(jackfield_node *node, const char *call, jackfield_error *error);

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* All of these, but jackfield_text_typing, say JF_UNSUPPORTED if the configuration has no "texts", and wait for the disk. */

#define JACKFIELD_TEXT_ID_SIZE 65 /* with the zero byte */

/* Writes a text of 1 to 32768 bytes to a peer. When this returns it is on the disk, and is sent as soon as the peer can be
 * reached, now or by a later node with the same configuration; "delivered" says, with the id that goes to `id`, of
 * JACKFIELD_TEXT_ID_SIZE bytes, that it has arrived. JF_EXHAUSTED if too many wait. */
JACKFIELD_API jf_status jackfield_text_send(jackfield_node *node, const char *peer, const char *text, char *id,
                                            jackfield_error *error);

/* Tells the peer that somebody is writing, or has stopped (RFC 3994), if a link to it is open. Again within two minutes. */
JACKFIELD_API jf_status jackfield_text_typing(jackfield_node *node, const char *peer, int on, jackfield_error *error);

/* The last so many texts, 1 to 100000, with a peer, or with everybody if it is NULL; the oldest first: {"texts":[{"account":
 * ..,"id":..,"ours":true,"text":..,"sent":..,"delivered":true}]}; those of the peer have "read" in place of "delivered".
 * *json is freed by jackfield_string_free. */
JACKFIELD_API jf_status jackfield_text_history(jackfield_node *node, const char *peer, uint32_t most, char **json,
                                               jackfield_error *error);

/* All texts of a peer that are there, or of everybody if it is NULL, have been read. Nobody is told. */
JACKFIELD_API jf_status jackfield_text_read(jackfield_node *node, const char *peer, jackfield_error *error);

/* --- contacts ----------------------------------------------------------------------------------------------------- */

/* All of these say JF_UNSUPPORTED if the configuration has no "contacts", and wait for the disk: a change is in the file
 * when they return, and is heard of by every node with that file. JF_NOT_FOUND: there is no such contact, or request. */

/* {"contacts":[{"account":..,"name":..,"banned":false,"asked":false}]}; "asked": to be one, and has not answered. */
JACKFIELD_API jf_status jackfield_contact_list(jackfield_node *node, char **json, jackfield_error *error);

/* A contact, or another name for one. JF_BAD_INPUT: no account, or a name that is another's; JF_EXHAUSTED: 10000 are
 * there. */
JACKFIELD_API jf_status jackfield_contact_add(jackfield_node *node, const char *name, const char *account,
                                              jackfield_error *error);
JACKFIELD_API jf_status jackfield_contact_remove(jackfield_node *node, const char *peer, jackfield_error *error);

/* Whether nothing of that peer comes through: calls, texts, files, requests. Strangers by their account. */
JACKFIELD_API jf_status jackfield_contact_ban(jackfield_node *node, const char *peer, int on, jackfield_error *error);

/* Asks an account to be a contact, under a name of ours and with a line for it; both may be NULL. Goes on until it answers;
 * "asked" says that a device of it has the request, "accepted" that it is a contact ("step":"contact"). */
JACKFIELD_API jf_status jackfield_contact_request(jackfield_node *node, const char *peer, const char *name,
                                                  const char *note, jackfield_error *error);

/* Who has asked and waits: {"requests":[{"account":..,"name":..,"note":..,"at":..}]}. The name proves nothing. */
JACKFIELD_API jf_status jackfield_contact_requests(jackfield_node *node, char **json, jackfield_error *error);

/* `peer`: the account, or the name that it gives itself. `name`: what we call it; NULL: as it says. Who is declined is told
 * nothing. */
JACKFIELD_API jf_status jackfield_contact_accept(jackfield_node *node, const char *peer, const char *name,
                                                 jackfield_error *error);
JACKFIELD_API jf_status jackfield_contact_decline(jackfield_node *node, const char *peer, jackfield_error *error);

/* --- presence ----------------------------------------------------------------------------------------------------- */

/* Events say which devices of that peer are there, and who comes and goes, until it is off. Contacts are watched anyway. */
JACKFIELD_API jf_status jackfield_presence_watch(jackfield_node *node, const char *peer, int on, jackfield_error *error);

/* {"account":..,"devices":[..]}: those that can be found now. Blocks until discovery has looked. */
JACKFIELD_API jf_status jackfield_presence_devices(jackfield_node *node, const char *peer, char **json,
                                                   jackfield_error *error);

/* --- files -------------------------------------------------------------------------------------------------------- */

#define JACKFIELD_FILES_REFUSED 0
#define JACKFIELD_FILES_ASKED 1 /* "offered" comes: accept or cancel, within 50 s */
#define JACKFIELD_FILES_TAKEN 2

/* What becomes of files that come in from now on; before this they are refused. Only those of whom "files" in the
 * configuration allows, and into the folder it names, come in at all. */
JACKFIELD_API jf_status jackfield_node_take_files(jackfield_node *node, int32_t how, jackfield_error *error);

/* Sends a file to one device of the peer; its id goes to `file`, of JACKFIELD_CALL_ID_SIZE bytes. What becomes of it, also
 * that there is no such file, is said by events and jackfield_file_wait. It goes on where it was if the connection breaks,
 * and where an earlier one of the same file had come to. */
JACKFIELD_API jf_status jackfield_file_send(jackfield_node *node, const char *peer, const char *path, char *file,
                                            jackfield_error *error);
JACKFIELD_API jf_status jackfield_file_accept(jackfield_node *node, const char *file, jackfield_error *error);

/* Of either end; before it was accepted it is refused. What has been received is kept for the next attempt. */
JACKFIELD_API jf_status jackfield_file_cancel(jackfield_node *node, const char *file, jackfield_error *error);

#define JACKFIELD_OFFERED 0
#define JACKFIELD_MOVING 1 /* and JACKFIELD_ENDED */

/* How far it is, and how many bytes the receiver has written. JF_OK for one that has ended, too. */
JACKFIELD_API jf_status jackfield_file_progress(jackfield_node *node, const char *file, int32_t *state, uint64_t *bytes,
                                                jackfield_error *error);

/* Blocks until it has ended, `timeout_ms` at most (negative: for ever); JF_TIMEOUT. JF_OK if all of it is there and is what
 * was sent, or else how it ended. Of one that came in, where it lies goes to `place`, of `size` bytes; NULL: not wanted;
 * empty: it had been received earlier. */
JACKFIELD_API jf_status jackfield_file_wait(jackfield_node *node, const char *file, int32_t timeout_ms, char *place,
                                            size_t size, jackfield_error *error);

#ifdef __cplusplus
}
#endif
#endif
