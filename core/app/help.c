/* Turns the tables of verbs, options, exit codes and keys into text for people and shells. */
#include "core/app/help.h"

#include "core/app/exit_code.h"
#include "core/app/help_internal.h"

#include <string.h>

enum { LEFT_COLUMN = 28, CODE_COLUMN = 5, LINE_MAX_BYTES = 80, TEXT_MAX = 4096 };

bool help_is_option_of(enum option option, enum verb verb)
{
    return (option_spec(option)->verbs & (1u << verb)) != 0;
}

bool help_is_global(enum option option)
{
    return option_spec(option)->verbs == VERBS_ALL;
}

bool help_is_shown(enum verb verb)
{
    return option_verb(verb)->sentence != NULL;
}

/* "-q, --quiet" or "    --rows N" */
static void print_option_name(enum option option, struct buf *out)
{
    const struct option_spec *spec = option_spec(option);
    if (spec->letter != 0) {
        buf_printf(out, "-%c, --%s", spec->letter, spec->name);
    } else {
        buf_printf(out, "    --%s", spec->name);
    }
    if (spec->argument != NULL) {
        buf_printf(out, " %s", spec->argument);
    }
}

void help_print_choices(const char *choices, struct buf *out)
{
    struct str rest = str_from(choices);
    buf_append_text(out, " (");
    while (rest.len > 0) {
        struct str choice = str_split(rest, '|', &rest);
        buf_printf(out, "%.*s%s", STR_ARG(choice), rest.len > 0 ? ", " : "");
    }
    buf_append_text(out, ")");
}

/* What was printed since `start` is the left column; the text stands in the right one, which begins
 * two behind `column`, on as many lines as it takes. */
static void print_right(size_t start, size_t column, const char *text, struct buf *out)
{
    size_t at = out->len - start;
    if (at > column) {
        buf_append_char(out, '\n');
        at = 0;
    }
    buf_printf(out, "%*s", (int)(column - at), "");
    at = column;
    for (struct str rest = str_from(text); rest.len > 0;) {
        struct str word = str_split(rest, ' ', &rest);
        if (at > column && at + 1 + word.len >= LINE_MAX_BYTES) {
            buf_printf(out, "\n%*s", (int)column, "");
            at = column;
        }
        buf_printf(out, "%s%.*s", at > column ? " " : "  ", STR_ARG(word));
        at += 1 + word.len;
    }
    buf_append_char(out, '\n');
}

static void print_option_line(enum option option, struct buf *out)
{
    size_t start = out->len;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_append_text(out, "  ");
    print_option_name(option, out);
    buf_append_text(&text, option_spec(option)->sentence);
    if (option_spec(option)->choices != NULL) {
        help_print_choices(option_spec(option)->choices, &text);
    }
    print_right(start, LEFT_COLUMN, buf_text(&text), out);
    buf_done(&text);
}

static void print_options(enum verb verb, bool global, struct buf *out)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (help_is_option_of((enum option)i, verb) && help_is_global((enum option)i) == global) {
            print_option_line((enum option)i, out);
        }
    }
}

static bool has_own_options(enum verb verb)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (help_is_option_of((enum option)i, verb) && !help_is_global((enum option)i)) {
            return true;
        }
    }
    return false;
}

static void print_program_help(struct buf *out)
{
    buf_append_text(out, "Usage: gatehouse [OPTION...]            the console\n"
                         "       gatehouse --batch [OPTION...]    the pipeline, without a console\n"
                         "       gatehouse VERB [OPERAND...] [OPTION...]\n\n"
                         "Retrains a credit-default model end to end and lets only good models\n"
                         "through a quality gate.\n\nVerbs:\n");
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        const struct verb_spec *spec = option_verb((enum verb)i);
        if (help_is_shown((enum verb)i)) {
            size_t start = out->len;
            buf_printf(out, "  %s %s", spec->name, spec->operands);
            print_right(start, LEFT_COLUMN, spec->sentence, out);
        }
    }
    buf_append_text(out, "\nOptions of a run:\n");
}

static void print_exit_code(int code, const char *sentence, struct buf *out)
{
    size_t start = out->len;
    buf_printf(out, "  %-3d", code);
    print_right(start, CODE_COLUMN, sentence, out);
}

void help_print(enum verb verb, struct buf *out)
{
    const struct verb_spec *spec = option_verb(verb);
    if (verb == VERB_NONE) {
        print_program_help(out);
    } else {
        buf_printf(out, "Usage: gatehouse %s %s%s[OPTION...]\n\n%s\n", spec->name, spec->operands,
                   spec->operands[0] == '\0' ? "" : " ",
                   spec->sentence == NULL ? "Internal." : spec->sentence);
        if (has_own_options(verb)) {
            buf_append_text(out, "\nOptions:\n");
        }
    }
    print_options(verb, false, out);
    buf_append_text(out, "\nOptions of every verb, before or after it:\n");
    print_options(verb, true, out);
    if (verb == VERB_NONE) {
        buf_append_text(out, "\nExit codes:\n");
#define X(id, code, sentence) print_exit_code(code, sentence, out);
        EXIT_CODES(X)
#undef X
    }
}
