/* One pass over the text, with a pointer to what comes next. The text is not terminated: every step looks where it ends. */
#include "json_numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

/* The next character that is no white space; 0 at the end. */
static char next(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) != NULL && *cursor->at != '\0')
        ++cursor->at;
    return cursor->at < cursor->end ? *cursor->at : '\0';
}

static int take(struct cursor *cursor, char wanted)
{
    if (next(cursor) != wanted)
        return 0;
    ++cursor->at;
    return 1;
}

/* A string with its quotation marks; 0 if there is none. Its bytes are left as they stand, with their escapes. */
static int take_string(struct cursor *cursor, jf_text *text)
{
    if (!take(cursor, '"'))
        return 0;
    text->data = cursor->at;
    for (; cursor->at < cursor->end; ++cursor->at) {
        if (*cursor->at == '"') {
            text->size = (size_t)(cursor->at++ - text->data);
            return 1;
        }
        if (*cursor->at == '\\')
            ++cursor->at;
    }
    cursor->at = cursor->end; /* a backslash at the very end would have led beyond it */
    return 0;
}

static int is_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* strtod would want a terminated text, and take a comma where the program's language has one. */
static int take_number(struct cursor *cursor, double *value)
{
    const double sign = take(cursor, '-') ? -1 : 1;
    if (!is_digit(cursor))
        return 0;
    double digits = 0;
    int exponent = 0;
    for (; is_digit(cursor); ++cursor->at)
        digits = digits * 10 + (*cursor->at - '0');
    if (cursor->at < cursor->end && *cursor->at == '.') {
        for (++cursor->at; is_digit(cursor); ++cursor->at, --exponent)
            digits = digits * 10 + (*cursor->at - '0');
    }
    if (cursor->at < cursor->end && (*cursor->at == 'e' || *cursor->at == 'E')) {
        ++cursor->at;
        int direction = 1;
        if (cursor->at < cursor->end && (*cursor->at == '-' || *cursor->at == '+'))
            direction = *cursor->at++ == '-' ? -1 : 1;
        if (!is_digit(cursor))
            return 0;
        int power = 0;
        for (; is_digit(cursor); ++cursor->at)
            power = power < 1000 ? power * 10 + (*cursor->at - '0') : power;
        exponent += direction * power;
    }
    *value = sign * digits * pow(10, exponent);
    return isfinite(*value);
}

/* A value of any kind, however deep: brackets are counted, words are read over. */
static int skip_value(struct cursor *cursor)
{
    jf_text ignored;
    int depth = 0;
    do {
        const char first = next(cursor);
        if (first == '\0')
            return 0;
        if (first == '"') {
            if (!take_string(cursor, &ignored))
                return 0;
            continue;
        }
        if (depth == 0 && strchr(",:}]", first) != NULL)
            return 0; /* where a value should be */
        depth += first == '{' || first == '[' ? 1 : first == '}' || first == ']' ? -1 : 0;
        ++cursor->at;
        if (strchr("{}[],:", first) != NULL)
            continue;
        while (cursor->at < cursor->end && strchr("{}[],:\" \t\r\n", *cursor->at) == NULL)
            ++cursor->at;
    } while (depth > 0);
    return 1;
}

static const struct json_number *find(const struct json_number *wanted, size_t count, jf_text name)
{
    for (size_t i = 0; i < count; ++i) {
        if (strlen(wanted[i].name) == name.size && memcmp(wanted[i].name, name.data, name.size) == 0)
            return &wanted[i];
    }
    return NULL;
}

int read_json_numbers(jf_text json, const struct json_number *wanted, size_t wanted_count, enum json_others others, char *problem,
                      size_t problem_size)
{
    struct cursor cursor = {json.data, json.data == NULL ? NULL : json.data + json.size};
    snprintf(problem, problem_size, ": no JSON object; {\"%s\": 1} would work", wanted[0].name);
    if (!take(&cursor, '{'))
        return 0;
    if (!take(&cursor, '}')) {
        do {
            jf_text name;
            if (!take_string(&cursor, &name) || !take(&cursor, ':'))
                return 0;
            const struct json_number *member = find(wanted, wanted_count, name);
            if (member == NULL && others == REFUSE_OTHERS) {
                snprintf(problem, problem_size, "/%.*s: there is no such option; \"%s\" would work",
                         (int)(name.size < 40 ? name.size : 40), name.data, wanted[0].name);
                return 0;
            }
            if (member == NULL ? !skip_value(&cursor) : !take_number(&cursor, member->value)) {
                if (member != NULL)
                    snprintf(problem, problem_size, "/%s: no number; %s: 1 would work", member->name, member->name);
                return 0;
            }
        } while (take(&cursor, ','));
        if (!take(&cursor, '}'))
            return 0;
    }
    return next(&cursor) == '\0' && cursor.at == cursor.end; /* nothing behind it */
}
