/* Running the automaton: all positions at once as bits, or, to find where a match begins, with the
 * start of each. */
#include "tui/regex.h"

#include "core/base/alloc.h"
#include "tui/regex_automaton.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BITS = 8, CHUNKS = 64 / CHUNK_BITS, CHUNK_VALUES = 1 << CHUNK_BITS };

struct regex {
    struct automaton automaton;
    size_t words;        /* of position sets that are in use */
    bool begins[256];    /* a match may begin with this byte */
    int anchors[2];      /* positions that consume SYMBOL_BEGIN, SYMBOL_END */
    uint64_t *followers; /* [chunk of positions][its bits][word]: what may follow them */
};

static void make_followers(struct regex *regex)
{
    const struct automaton *automaton = &regex->automaton;
    size_t words = regex->words;
    regex->followers = xcalloc(words * CHUNKS * CHUNK_VALUES * words, sizeof(uint64_t));
    for (size_t chunk = 0; chunk < words * CHUNKS; chunk++) {
        uint64_t *table = regex->followers + chunk * CHUNK_VALUES * words;
        for (unsigned bits = 1; bits < CHUNK_VALUES; bits++) {
            size_t lowest = (size_t)__builtin_ctz(bits);
            const uint64_t *follow = automaton->follow[chunk * CHUNK_BITS + lowest].words;
            for (size_t i = 0; i < words; i++) {
                table[bits * words + i] = table[(bits & (bits - 1)) * words + i] | follow[i];
            }
        }
    }
}

struct regex *regex_new(struct str pattern, bool is_folded, struct error *err)
{
    if (pattern.len > REGEX_PATTERN_MAX) {
        error_set(err, ERROR_PERMANENT, "bad_regex", "the expression is longer than %d bytes",
                  REGEX_PATTERN_MAX);
        return NULL;
    }
    struct regex *regex = xcalloc(1, sizeof(*regex));
    if (!automaton_parse(&regex->automaton, pattern, is_folded, err)) {
        free(regex);
        return NULL;
    }
    const struct automaton *automaton = &regex->automaton;
    regex->words = (automaton->positions + 63) / 64;
    for (size_t i = 0; i < 256; i++) {
        for (size_t word = 0; word < SET_WORDS; word++) {
            regex->begins[i] = regex->begins[i] || (automaton->symbols[i].words[word] &
                                                    automaton->first.words[word]) != 0;
        }
    }
    for (size_t i = 0; i < SET_WORDS; i++) {
        for (int end = 0; end < 2; end++) {
            regex->anchors[end] +=
                __builtin_popcountll(automaton->symbols[SYMBOL_BEGIN + end].words[i]);
        }
    }
    make_followers(regex);
    return regex;
}

void regex_free(struct regex *regex)
{
    if (regex != NULL) {
        free(regex->followers);
        free(regex);
    }
}

/* What is active after one more symbol. True: a match ends here. */
static inline __attribute__((always_inline)) bool step(const struct regex *regex, size_t words,
                                                       struct position_set *active, size_t symbol)
{
    const struct automaton *automaton = &regex->automaton;
    struct position_set next = automaton->first;
    uint64_t ended = 0;
    for (size_t word = 0; word < words; word++) {
        uint64_t bits = active->words[word];
        while (bits != 0) {
            size_t chunk = (size_t)__builtin_ctzll(bits) / CHUNK_BITS;
            size_t value = bits >> (chunk * CHUNK_BITS) & (CHUNK_VALUES - 1);
            const uint64_t *row =
                regex->followers + ((word * CHUNKS + chunk) * CHUNK_VALUES + value) * words;
            for (size_t i = 0; i < words; i++) {
                next.words[i] |= row[i];
            }
            bits &= ~((uint64_t)(CHUNK_VALUES - 1) << (chunk * CHUNK_BITS));
        }
    }
    for (size_t i = 0; i < words; i++) {
        active->words[i] = next.words[i] & automaton->symbols[symbol].words[i];
        ended |= active->words[i] & automaton->last.words[i];
    }
    return ended != 0;
}

/* Both ends of a text are there as often as anchors ask for them: "^^a" is "^a". */
static inline __attribute__((always_inline)) bool step_end(const struct regex *regex, size_t words,
                                                           struct position_set *active,
                                                           size_t symbol)
{
    bool has_ended = false;
    for (int i = 0; i < regex->anchors[symbol - SYMBOL_BEGIN] && !has_ended; i++) {
        has_ended = step(regex, words, active, symbol);
    }
    return has_ended;
}

static inline __attribute__((always_inline)) bool run(const struct regex *regex, struct str text,
                                                      size_t words)
{
    struct position_set active = {{0}};
    if (step_end(regex, words, &active, SYMBOL_BEGIN)) {
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint64_t any = 0;
        for (size_t word = 0; word < words; word++) {
            any |= active.words[word];
        }
        while (any == 0 && i < text.len && !regex->begins[(unsigned char)text.ptr[i]]) {
            i++;
        }
        if (i < text.len && step(regex, words, &active, (unsigned char)text.ptr[i])) {
            return true;
        }
    }
    return step_end(regex, words, &active, SYMBOL_END);
}

bool regex_matches(const struct regex *regex, struct str text)
{
    if (regex->automaton.is_nullable) {
        return true;
    }
    return regex->words == 1 ? run(regex, text, 1) : run(regex, text, regex->words);
}

/* ---- where */
struct tracker {
    const struct automaton *automaton;
    struct position_set active;
    uint32_t starts[REGEX_POSITIONS_MAX]; /* where the match of an active position began */
    bool is_active;                       /* any position is */
    bool is_found;
    struct text_span found;
};

static void arrive(struct tracker *next, const struct position_set *set,
                   const struct position_set *allowed, size_t start)
{
    for (size_t word = 0; word < SET_WORDS; word++) {
        for (uint64_t bits = set->words[word] & allowed->words[word]; bits != 0; bits &= bits - 1) {
            size_t position = word * 64 + (size_t)__builtin_ctzll(bits);
            bool is_active = (next->active.words[word] >> (position % 64) & 1) != 0;
            if (!is_active || start < next->starts[position]) {
                next->starts[position] = (uint32_t)start;
                next->active.words[word] |= (uint64_t)1 << (position % 64);
            }
        }
    }
}

/* A match is better when it begins further left, then when it ends further right. */
static void note_ends(struct tracker *tracker, size_t end)
{
    for (size_t word = 0; word < SET_WORDS; word++) {
        uint64_t bits = tracker->active.words[word] & tracker->automaton->last.words[word];
        for (; bits != 0; bits &= bits - 1) {
            size_t start = tracker->starts[word * 64 + (size_t)__builtin_ctzll(bits)];
            if (start < end && (!tracker->is_found || start <= tracker->found.start)) {
                tracker->found = (struct text_span){start, end};
                tracker->is_found = true;
            }
        }
    }
}

/* False: nothing that is still active can be better. */
static bool track(struct tracker *tracker, size_t symbol, size_t at, size_t end)
{
    const struct automaton *automaton = tracker->automaton;
    const struct position_set *allowed = &automaton->symbols[symbol];
    struct tracker next = {.automaton = automaton, .found = tracker->found};
    next.is_found = tracker->is_found;
    for (size_t word = 0; word < SET_WORDS; word++) {
        for (uint64_t bits = tracker->active.words[word]; bits != 0; bits &= bits - 1) {
            size_t position = word * 64 + (size_t)__builtin_ctzll(bits);
            size_t start = tracker->starts[position];
            if (!tracker->is_found || start <= tracker->found.start) {
                arrive(&next, &automaton->follow[position], allowed, start);
            }
        }
    }
    if (!tracker->is_found) {
        arrive(&next, &automaton->first, allowed, at);
    }
    note_ends(&next, end);
    for (size_t word = 0; word < SET_WORDS; word++) {
        next.is_active = next.is_active || next.active.words[word] != 0;
    }
    *tracker = next;
    return !next.is_found || next.is_active;
}

bool regex_find(const struct regex *regex, struct str text, struct text_span within,
                struct text_span *out_span)
{
    struct tracker tracker = {.automaton = &regex->automaton};
    bool goes_on = true;
    for (int i = 0; i < regex->anchors[0] && within.start == 0; i++) {
        track(&tracker, SYMBOL_BEGIN, 0, 0);
    }
    size_t end = within.end < text.len ? within.end : text.len;
    for (size_t i = within.start; i < end && goes_on; i++) {
        bool can_begin = regex->begins[(unsigned char)text.ptr[i]];
        goes_on = (!tracker.is_active && !can_begin) ||
                  track(&tracker, (unsigned char)text.ptr[i], i, i + 1);
    }
    for (int i = 0; i < regex->anchors[1] && goes_on && end == text.len; i++) {
        goes_on = track(&tracker, SYMBOL_END, text.len, text.len);
    }
    if (tracker.is_found) {
        *out_span = tracker.found;
    }
    return tracker.is_found;
}
