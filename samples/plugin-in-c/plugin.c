/* audio-gain: a plugin in plain C. It makes our sound louder or softer on its way to the encoder.
 *
 * Read from the end: the kernel finds `jackfield_plugin`, which lists factories; a factory makes an instance; an instance opens
 * a session for each call; a session works on frames. Each of them is a table of functions and a pointer to what is ours.
 *
 * Threads:  [control] create, destroy, open, release. [media] process and played, each on a thread of its own.
 * Lifetime: the host outlives the instance, the instance its sessions. There is no global state.
 */
#include "json_numbers.h"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/entry.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

/* What create makes, and destroy takes back: the configuration. */
struct gain {
    const jf_host *host; /* borrowed, until destroy returns */
    double gain_db;
    float factor;
};

/* One call. */
struct session {
    const struct gain *gain; /* it outlives its sessions */
    uint32_t sample_rate_hz;
    uint32_t channels;
    uint64_t samples; /* [media] worked on */
    uint64_t limited; /* [media] of them: would have been beyond -1..1 */
};

/* A status travels with words for people; nobody has to ask for them, so `error` may be NULL. */
static jf_status failed(jf_error *error, jf_status status, const char *words)
{
    if (error != NULL) {
        error->status = status;
        snprintf(error->text, sizeof(error->text), "%s", words); /* cut if it is longer, always terminated */
    }
    return status;
}

/* --- a call ------------------------------------------------------------------------------------------------------- */

/* [media] Neither allocates nor locks: fifty times a second somebody waits for it. */
static jf_status process(void *self, const jf_frame *frame, float *samples)
{
    struct session *session = self;
    if (frame->kind != JF_AUDIO || frame->sample_rate_hz != session->sample_rate_hz || frame->channels != session->channels)
        return JF_BAD_INPUT; /* not the form that was opened; the samples stay as they are */
    const size_t count = (size_t)frame->samples_per_channel * frame->channels;
    for (size_t i = 0; i < count; ++i) {
        const float louder = samples[i] * session->gain->factor;
        samples[i] = louder > 1.0f ? 1.0f : louder < -1.0f ? -1.0f : louder;
        session->limited += samples[i] != louder;
    }
    session->samples += count;
    return JF_OK;
}

/* [media] An echo canceller would listen here to what is played. It comes on another thread than process. */
static void played(void *self, const jf_frame *frame)
{
    (void)self, (void)frame;
}

/* [control] The kernel calls it once process and played have returned for the last time, so their counters can be read. */
static void release(void *self)
{
    struct session *session = self;
    const jf_host *host = session->gain->host;
    char line[160];
    const int size = snprintf(line, sizeof(line), "audio-gain: %llu samples by %.1f dB, %llu of them limited",
                              (unsigned long long)session->samples, session->gain->gain_db,
                              (unsigned long long)session->limited);
    host->log(host->self, JF_LOG_INFO, (jf_text){line, (size_t)size});
    free(session);
}

static const jf_audio_stage_session_methods session_methods = {sizeof(jf_audio_stage_session_methods), 0, process, played,
                                                               release};

/* --- an instance -------------------------------------------------------------------------------------------------- */

/* [control] form_json says how our frames will come: {"sample_rate_hz": 48000, "channels": 1}. Members that it may get one day
 * are none of our business. */
static jf_status open_session(void *self, jf_text form_json, jf_audio_stage_session *opened, jf_error *error)
{
    double rate = 0;
    double channels = 0;
    const struct json_number wanted[] = {{"sample_rate_hz", &rate}, {"channels", &channels}};
    char problem[160];
    if (!read_json_numbers(form_json, wanted, 2, SKIP_OTHERS, problem, sizeof(problem)))
        return failed(error, JF_BAD_INPUT, problem);
    if (rate < 1 || rate > 384000 || channels < 1 || channels > 8)
        return failed(error, JF_UNSUPPORTED, "1 to 384000 samples a second in 1 to 8 channels would work");

    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return failed(error, JF_EXHAUSTED, "no memory for a session");
    session->gain = self;
    session->sample_rate_hz = (uint32_t)rate;
    session->channels = (uint32_t)channels;
    opened->methods = &session_methods;
    opened->self = session;
    return JF_OK;
}

static const jf_audio_stage_methods stage_methods = {sizeof(jf_audio_stage_methods), 0, open_session};

/* --- the library -------------------------------------------------------------------------------------------------- */

/* [control] The kernel has held config_json against audio-gain.schema.json; whoever calls us otherwise has not. What is wrong is
 * said in the words of a configuration file: the JSON pointer of the value, the problem, what would work. */
static jf_status create(const jf_host *host, jf_text config_json, void **self, jf_error *error)
{
    double gain_db = -6;
    const struct json_number wanted[] = {{"gain_db", &gain_db}};
    char problem[160];
    if (!read_json_numbers(config_json, wanted, 1, REFUSE_OTHERS, problem, sizeof(problem)))
        return failed(error, JF_BAD_CONFIG, problem);
    if (gain_db < -60 || gain_db > 20)
        return failed(error, JF_BAD_CONFIG, "/gain_db: out of bounds; a number from -60 to 20 would work");

    struct gain *gain = malloc(sizeof(*gain));
    if (gain == NULL)
        return failed(error, JF_EXHAUSTED, "no memory for an instance");
    gain->host = host;
    gain->gain_db = gain_db;
    gain->factor = (float)pow(10, gain_db / 20);
    *self = gain; /* only on success */
    return JF_OK;
}

/* [control] Every session has been released by then. */
static void destroy(void *self)
{
    free(self);
}

static const jf_factory factory = {sizeof(jf_factory),
                                   0,
                                   TEXT("audio-gain"),
                                   TEXT(JF_AUDIO_STAGE_INTERFACE),
                                   TEXT("1.0.0"),
                                   &stage_methods,
                                   create,
                                   destroy};
static const jf_factory *const factories[] = {&factory};

/* The one symbol of the library. audio-gain.plugin.json, beside the library, says the same; the kernel compares them. */
JF_EXPORT extern const jf_entry jackfield_plugin;
const jf_entry jackfield_plugin = {sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, factories};
