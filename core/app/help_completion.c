/* Completions for bash, zsh and fish, from the tables of verbs and options. */
#include "core/app/help.h"

#include "core/app/help_internal.h"

#include <assert.h>
#include <string.h>

static void print_words(const char *choices, struct buf *out)
{
    for (const char *c = choices; *c != '\0'; c++) {
        buf_append_char(out, *c == '|' ? ' ' : *c);
    }
}

static void print_verb_words(struct buf *out)
{
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        if (help_is_shown((enum verb)i)) {
            buf_printf(out, "%s ", option_verb((enum verb)i)->name);
        }
    }
}

static void print_option_words(enum verb verb, struct buf *out)
{
    for (int o = 0; o < OPTION_COUNT; o++) {
        if (help_is_option_of((enum option)o, verb)) {
            buf_printf(out, "--%s ", option_spec((enum option)o)->name);
        }
    }
}

static bool takes_run(enum verb verb)
{
    return strncmp(option_verb(verb)->operands, "RUN", 3) == 0;
}

static void print_bash_verbs(struct buf *out)
{
    buf_append_text(out, "    case $verb in\n");
    for (int i = VERB_NONE; i < VERB_COUNT; i++) {
        const struct verb_spec *spec = option_verb((enum verb)i);
        if (!help_is_shown((enum verb)i)) {
            continue;
        }
        buf_printf(out, "        %s) options='", i == VERB_NONE ? "''" : spec->name);
        print_option_words((enum verb)i, out);
        buf_append_text(out, "' words='");
        if (i == VERB_NONE || i == VERB_HELP) {
            print_verb_words(out);
        } else if (spec->choices != NULL) {
            print_words(spec->choices, out);
        }
        buf_append_text(out, "'");
        if (takes_run((enum verb)i)) {
            buf_append_text(out, " words=\"latest $(gatehouse runs --format json 2> /dev/null |\n"
                                 "            sed -n 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/p')\"");
        }
        buf_append_text(out, " ;;\n");
    }
    buf_append_text(out, "    esac\n");
}

static void print_bash(struct buf *out)
{
    buf_append_text(out,
                    "# bash completion of gatehouse\n"
                    "_gatehouse() {\n"
                    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local verb='' options='' words='' i\n"
                    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "        case ${COMP_WORDS[i]} in\n            ");
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        if (help_is_shown((enum verb)i)) {
            buf_printf(out, "%s%s", i == VERB_NONE + 1 ? "" : " | ",
                       option_verb((enum verb)i)->name);
        }
    }
    buf_append_text(out, ")\n                verb=${COMP_WORDS[i]}; break ;;\n"
                         "        esac\n    done\n    case $before in\n");
    for (int o = 0; o < OPTION_COUNT; o++) {
        const struct option_spec *spec = option_spec((enum option)o);
        if (spec->choices != NULL) {
            buf_printf(out, "        --%s) COMPREPLY=($(compgen -W '", spec->name);
            print_words(spec->choices, out);
            buf_append_text(out, "' -- \"$word\")); return ;;\n");
        }
    }
    buf_append_text(out, "        --config | --state-dir) COMPREPLY=($(compgen -f -- \"$word\")); "
                         "return ;;\n    esac\n");
    print_bash_verbs(out);
    buf_append_text(out, "    case $word in\n"
                         "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
                         "        *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                         "           [ \"$verb\" != prepare ] || "
                         "COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
                         "    esac\n}\ncomplete -F _gatehouse gatehouse\n");
}

/* Text inside '...' of the shells: the sentences hold no quote but this keeps it so. */
static void print_quoted(const char *text, const char *special, struct buf *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            buf_append_text(out, "'\\''");
        } else {
            if (strchr(special, *c) != NULL) {
                buf_append_char(out, '\\');
            }
            buf_append_char(out, *c);
        }
    }
}

static void print_zsh_option(enum option option, struct buf *out)
{
    const struct option_spec *spec = option_spec(option);
    buf_printf(out, " \\\n            '%s--%s%s[", option == OPTION_SET ? "*" : "", spec->name,
               spec->argument != NULL ? "=" : "");
    print_quoted(spec->sentence, "[]:", out);
    buf_append_text(out, "]");
    if (spec->choices != NULL) {
        buf_printf(out, ":%s:(", spec->argument);
        print_words(spec->choices, out);
        buf_append_text(out, ")");
    } else if (option == OPTION_CONFIG || option == OPTION_STATE_DIR) {
        buf_printf(out, ":%s:_files", spec->argument);
    } else if (spec->argument != NULL) {
        buf_printf(out, ":%s:", spec->argument);
    }
    buf_append_text(out, "'");
}

static void print_zsh_verb(enum verb verb, struct buf *out)
{
    const struct verb_spec *spec = option_verb(verb);
    buf_printf(out, "        %s) _arguments", verb == VERB_NONE ? "''" : spec->name);
    for (int o = 0; o < OPTION_COUNT; o++) {
        if (help_is_option_of((enum option)o, verb)) {
            print_zsh_option((enum option)o, out);
        }
    }
    if (verb == VERB_NONE) {
        buf_append_text(out, " \\\n            '1:verb:(");
        print_verb_words(out);
        buf_append_text(out, ")'");
    } else if (verb == VERB_PREPARE) {
        buf_append_text(out, " \\\n            '2:file:_files'");
    } else if (spec->choices != NULL) {
        buf_append_text(out, " \\\n            '2:what:(");
        print_words(spec->choices, out);
        buf_append_text(out, ")'");
    } else if (takes_run(verb)) {
        buf_append_text(out, " \\\n            '2:run:(latest)'");
    }
    buf_append_text(out, " ;;\n");
}

static void print_zsh(struct buf *out)
{
    buf_append_text(out, "#compdef gatehouse\n"
                         "_gatehouse() {\n    local verb='' word\n"
                         "    local -a verbs=(");
    print_verb_words(out);
    buf_append_text(out, ")\n    for word in ${words[2,CURRENT-1]}; do\n"
                         "        if (( ${verbs[(Ie)$word]} )); then verb=$word; break; fi\n"
                         "    done\n    case $verb in\n");
    for (int i = VERB_NONE; i < VERB_COUNT; i++) {
        if (help_is_shown((enum verb)i)) {
            print_zsh_verb((enum verb)i, out);
        }
    }
    buf_append_text(out, "    esac\n}\n_gatehouse \"$@\"\n");
}

static void print_fish_option(enum option option, enum verb verb, struct buf *out)
{
    const struct option_spec *spec = option_spec(option);
    buf_printf(out, "complete -c gatehouse -l %s", spec->name);
    if (spec->letter != 0) {
        buf_printf(out, " -s %c", spec->letter);
    }
    if (verb != VERB_NONE) {
        buf_printf(out, " -n '__fish_seen_subcommand_from %s'", option_verb(verb)->name);
    } else if (!help_is_global(option)) {
        buf_append_text(out, " -n __fish_use_subcommand");
    }
    if (option == OPTION_CONFIG || option == OPTION_STATE_DIR) {
        buf_append_text(out, " -r -F");
    } else if (spec->argument != NULL) {
        buf_append_text(out, " -x");
    }
    if (spec->choices != NULL) {
        buf_append_text(out, " -a '");
        print_words(spec->choices, out);
        buf_append_text(out, "'");
    }
    buf_append_text(out, " -d '");
    print_quoted(spec->sentence, "\\", out);
    buf_append_text(out, "'\n");
}

static void print_fish_verb(enum verb verb, struct buf *out)
{
    const struct verb_spec *spec = option_verb(verb);
    buf_printf(out, "complete -c gatehouse -n __fish_use_subcommand -a %s -d '", spec->name);
    print_quoted(spec->sentence, "\\", out);
    buf_append_text(out, "'\n");
    if (spec->choices != NULL) {
        buf_printf(out, "complete -c gatehouse -n '__fish_seen_subcommand_from %s' -a '",
                   spec->name);
        print_words(spec->choices, out);
        buf_append_text(out, "'\n");
    }
}

static void print_fish(struct buf *out)
{
    buf_append_text(out, "# fish completion of gatehouse\ncomplete -c gatehouse -f\n");
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        if (help_is_shown((enum verb)i)) {
            print_fish_verb((enum verb)i, out);
        }
    }
    buf_append_text(out, "complete -c gatehouse -n '__fish_seen_subcommand_from prepare' -F\n");
    for (int i = VERB_NONE; i < VERB_COUNT; i++) {
        for (int o = 0; o < OPTION_COUNT && help_is_shown((enum verb)i); o++) {
            bool is_told = i != VERB_NONE && help_is_global((enum option)o);
            if (help_is_option_of((enum option)o, (enum verb)i) && !is_told) {
                print_fish_option((enum option)o, (enum verb)i, out);
            }
        }
    }
}

void help_print_completion(const char *shell, struct buf *out)
{
    if (strcmp(shell, "bash") == 0) {
        print_bash(out);
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh(out);
    } else {
        assert(strcmp(shell, "fish") == 0);
        print_fish(out);
    }
}
