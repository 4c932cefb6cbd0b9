/* Reads the numbers out of one flat JSON object, which is all that a small plugin needs. For more take a library.
 *
 * Threads: any, no state. Lifetime: nothing is kept.
 */
#ifndef AUDIO_GAIN_JSON_NUMBERS_H
#define AUDIO_GAIN_JSON_NUMBERS_H

#include <jackfield/abi/types.h>

/* A member that is looked for. *value stays as it is if there is none. */
struct json_number {
    const char *name;
    double *value;
};

enum json_others { SKIP_OTHERS, REFUSE_OTHERS };

/* 1 if the text is one object. Otherwise 0, and why in `problem`: JSON pointer, problem, what would work. */
int read_json_numbers(jf_text json, const struct json_number *wanted, size_t wanted_count, enum json_others others, char *problem,
                      size_t problem_size);

#endif
