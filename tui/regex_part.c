/* Parts of an expression and how they are put together: each adds its positions to the automaton
 * and what may follow what. */
#include "tui/regex_automaton.h"

#include <ctype.h>

enum { ASCII_COUNT = 128 };

void position_set_add(struct position_set *set, const struct position_set *other)
{
    for (size_t i = 0; i < SET_WORDS; i++) {
        set->words[i] |= other->words[i];
    }
}

void part_link(struct automaton *automaton, const struct position_set *from,
               const struct position_set *to)
{
    for (size_t i = 0; i < automaton->positions; i++) {
        if ((from->words[i / 64] >> (i % 64) & 1) != 0) {
            position_set_add(&automaton->follow[i], to);
        }
    }
}

void part_concatenate(struct automaton *automaton, struct regex_part *part,
                      const struct regex_part *next)
{
    part_link(automaton, &part->last, &next->first);
    if (part->is_nullable) {
        position_set_add(&part->first, &next->first);
    }
    if (!next->is_nullable) {
        part->last = (struct position_set){{0}};
    }
    position_set_add(&part->last, &next->last);
    part->is_nullable = part->is_nullable && next->is_nullable;
}

void part_alternate(struct regex_part *part, const struct regex_part *other)
{
    position_set_add(&part->first, &other->first);
    position_set_add(&part->last, &other->last);
    part->is_nullable = part->is_nullable || other->is_nullable;
}

static bool new_position(struct regex_parser *parser, struct regex_part *out_part)
{
    size_t position = parser->automaton->positions;
    if (position == REGEX_POSITIONS_MAX) {
        return regex_fail(
            parser, "the expression is too large (a repetition counts as often as it may occur)");
    }
    parser->automaton->positions++;
    *out_part = (struct regex_part){.is_nullable = false};
    out_part->first.words[position / 64] = (uint64_t)1 << (position % 64);
    out_part->last = out_part->first;
    return true;
}

bool part_of_symbol(struct regex_parser *parser, size_t symbol, struct regex_part *out_part)
{
    if (!new_position(parser, out_part)) {
        return false;
    }
    position_set_add(&parser->automaton->symbols[symbol], &out_part->first);
    return true;
}

bool part_of_bytes(struct regex_parser *parser, const struct byte_set *bytes,
                   struct regex_part *out_part)
{
    if (!new_position(parser, out_part)) {
        return false;
    }
    for (size_t i = 0; i < 256; i++) {
        bool is_other_case =
            parser->is_folded && isalpha((int)i) && i < ASCII_COUNT && bytes->has[i ^ 0x20U];
        if (bytes->has[i] || is_other_case) {
            position_set_add(&parser->automaton->symbols[i], &out_part->first);
        }
    }
    return true;
}

/* One character of UTF-8: a byte a position. */
bool part_of_literal(struct regex_parser *parser, struct str bytes, struct regex_part *out_part)
{
    for (size_t i = 0; i < bytes.len; i++) {
        struct byte_set set = {{false}};
        struct regex_part next = {.is_nullable = false};
        set.has[(unsigned char)bytes.ptr[i]] = true;
        if (!part_of_bytes(parser, &set, &next)) {
            return false;
        }
        if (i == 0) {
            *out_part = next;
        } else {
            part_concatenate(parser->automaton, out_part, &next);
        }
    }
    return true;
}

/* One of these ASCII characters, or any other: a first byte and all that continue it. */
bool part_of_any_char(struct regex_parser *parser, struct byte_set *set,
                      struct regex_part *out_part)
{
    struct byte_set rest = {{false}};
    struct regex_part next = {.is_nullable = false};
    for (size_t i = 0x80; i < 256; i++) {
        bool is_continuation = i < 0xc0;
        set->has[i] = !is_continuation;
        rest.has[i] = is_continuation;
    }
    if (!part_of_bytes(parser, set, out_part) || !part_of_bytes(parser, &rest, &next)) {
        return false;
    }
    part_link(parser->automaton, &next.last, &next.first);
    next.is_nullable = true;
    part_concatenate(parser->automaton, out_part, &next);
    return true;
}
