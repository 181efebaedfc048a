/* Parsing of the command line by the tables. */
#include "core/app/options.h"

#include <assert.h>
#include <string.h>

const struct verb_spec *option_verb(enum verb verb)
{
    static const struct verb_spec verbs[VERB_COUNT] = {
#define X(id, name, operands, choices, least, most, sentence)                                      \
    {name, operands, choices, least, most, sentence},
        VERBS(X)
#undef X
    };
    assert(verb < VERB_COUNT);
    return &verbs[verb];
}

const struct option_spec *option_spec(enum option option)
{
    static const struct option_spec options[OPTION_COUNT] = {
#define X(id, name, letter, argument, choices, verbs, sentence)                                    \
    {name, letter, argument, choices, verbs, sentence},
        OPTIONS(X)
#undef X
    };
    assert(option < OPTION_COUNT);
    return &options[option];
}

struct parsing {
    int argc;
    const char *const *argv;
    int at;
    struct options *options;
    bool has_verb;
};

static bool complain(struct error *err, const char *what, struct str word, const char *near)
{
    if (near == NULL) {
        return error_set(err, ERROR_PERMANENT, "usage", "%s \"%.*s\"; see gatehouse help", what,
                         STR_ARG(word));
    }
    return error_set(err, ERROR_PERMANENT, "usage", "%s \"%.*s\"; did you mean \"%s\"?", what,
                     STR_ARG(word), near);
}

static bool find_long(struct str name, enum option *out_option, struct error *err)
{
    const char *names[OPTION_COUNT];
    for (int i = 0; i < OPTION_COUNT; i++) {
        names[i] = option_spec((enum option)i)->name;
        if (str_eq(name, str_from(names[i]))) {
            *out_option = (enum option)i;
            return true;
        }
    }
    const char *near = str_nearest(name, names, OPTION_COUNT);
    if (near == NULL) {
        return error_set(err, ERROR_PERMANENT, "usage",
                         "unknown option \"--%.*s\"; see gatehouse help", STR_ARG(name));
    }
    return error_set(err, ERROR_PERMANENT, "usage",
                     "unknown option \"--%.*s\"; did you mean \"--%s\"?", STR_ARG(name), near);
}

static bool find_letter(char letter, enum option *out_option, struct error *err)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_spec((enum option)i)->letter == letter) {
            *out_option = (enum option)i;
            return true;
        }
    }
    return error_set(err, ERROR_PERMANENT, "usage", "unknown option \"-%c\"; see gatehouse help",
                     letter);
}

static bool store_option(struct options *options, enum option option, const char *value,
                         struct error *err)
{
    const struct option_spec *spec = option_spec(option);
    if (spec->choices != NULL && !str_is_one_of(str_from(value), spec->choices)) {
        return error_set(err, ERROR_PERMANENT, "usage", "--%s must be one of %s, not \"%s\"",
                         spec->name, spec->choices, value);
    }
    if (option == OPTION_SET) {
        if (options->setting_count == OPTIONS_SET_MAX) {
            return error_set(err, ERROR_PERMANENT, "usage", "--set: at most %d times",
                             OPTIONS_SET_MAX);
        }
        options->settings[options->setting_count++] = value;
    }
    options->is_given[option] = true;
    options->values[option] = value;
    return true;
}

/* attached: the text behind '=' or behind the letter, or NULL. */
static bool take_option(struct parsing *parsing, enum option option, const char *attached,
                        struct error *err)
{
    const struct option_spec *spec = option_spec(option);
    if (spec->argument == NULL) {
        return attached == NULL
                   ? store_option(parsing->options, option, NULL, err)
                   : error_set(err, ERROR_PERMANENT, "usage", "--%s takes no value", spec->name);
    }
    if (attached == NULL && parsing->at + 1 < parsing->argc) {
        attached = parsing->argv[++parsing->at];
    }
    if (attached == NULL) {
        return error_set(err, ERROR_PERMANENT, "usage", "--%s needs a value: %s", spec->name,
                         spec->argument);
    }
    return store_option(parsing->options, option, attached, err);
}

static bool parse_long(struct parsing *parsing, const char *text, struct error *err)
{
    enum option option = OPTION_COUNT;
    const char *equals = strchr(text, '=');
    struct str name = {text, equals == NULL ? strlen(text) : (size_t)(equals - text)};
    return find_long(name, &option, err) &&
           take_option(parsing, option, equals == NULL ? NULL : equals + 1, err);
}

static bool parse_letters(struct parsing *parsing, const char *letters, struct error *err)
{
    for (const char *c = letters; *c != '\0'; c++) {
        enum option option = OPTION_COUNT;
        if (!find_letter(*c, &option, err)) {
            return false;
        }
        bool takes_value = option_spec(option)->argument != NULL;
        const char *attached = takes_value && c[1] != '\0' ? c + 1 : NULL;
        if (!take_option(parsing, option, attached, err)) {
            return false;
        }
        if (takes_value) {
            break;
        }
    }
    return true;
}

static bool take_verb(struct parsing *parsing, const char *word, struct error *err)
{
    const char *names[VERB_COUNT];
    size_t count = 0;
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        const struct verb_spec *spec = option_verb((enum verb)i);
        if (strcmp(spec->name, word) == 0) {
            parsing->options->verb = (enum verb)i;
            parsing->has_verb = true;
            return true;
        }
        if (spec->sentence != NULL) {
            names[count++] = spec->name;
        }
    }
    return complain(err, "unknown verb", str_from(word), str_nearest(str_from(word), names, count));
}

static bool take_operand(struct parsing *parsing, const char *word, struct error *err)
{
    struct options *options = parsing->options;
    const struct verb_spec *spec = option_verb(options->verb);
    if (!parsing->has_verb) {
        return take_verb(parsing, word, err);
    }
    if (options->operand_count == spec->most) {
        return error_set(err, ERROR_PERMANENT, "usage",
                         "\"%s\" is one operand too many; usage: gatehouse %s %s", word, spec->name,
                         spec->operands);
    }
    if (options->operand_count == 0 && spec->choices != NULL &&
        !str_is_one_of(str_from(word), spec->choices)) {
        return error_set(err, ERROR_PERMANENT, "usage",
                         "gatehouse %s: must be one of %s, not \"%s\"", spec->name, spec->choices,
                         word);
    }
    options->operands[options->operand_count++] = word;
    return true;
}

static bool check_verb(const struct options *options, struct error *err)
{
    const struct verb_spec *spec = option_verb(options->verb);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_spec *option = option_spec((enum option)i);
        if (options->is_given[i] && (option->verbs & (1u << options->verb)) == 0) {
            return error_set(err, ERROR_PERMANENT, "usage", "--%s is not an option of gatehouse %s",
                             option->name, options->verb == VERB_NONE ? "--batch" : spec->name);
        }
    }
    if (options->is_given[OPTION_HELP] || options->is_given[OPTION_VERSION]) {
        return true;
    }
    if (options->operand_count < spec->least) {
        return error_set(err, ERROR_PERMANENT, "usage", "gatehouse %s needs %s", spec->name,
                         spec->operands);
    }
    if (options->is_given[OPTION_QUIET] && options->is_given[OPTION_VERBOSE]) {
        return error_set(err, ERROR_PERMANENT, "usage", "-q and -v exclude each other");
    }
    return true;
}

bool options_parse(int argc, const char *const *argv, struct options *out_options,
                   struct error *err)
{
    *out_options = (struct options){.verb = VERB_NONE};
    struct parsing parsing = {argc, argv, 1, out_options, false};
    bool only_operands = false;
    for (; parsing.at < argc; parsing.at++) {
        const char *word = argv[parsing.at];
        bool is_good = true;
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && word[0] == '-' && word[1] == '-') {
            is_good = parse_long(&parsing, word + 2, err);
        } else if (!only_operands && word[0] == '-' && word[1] != '\0') {
            is_good = parse_letters(&parsing, word + 1, err);
        } else {
            is_good = take_operand(&parsing, word, err);
        }
        if (!is_good) {
            return false;
        }
    }
    return check_verb(out_options, err);
}
