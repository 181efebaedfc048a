/* The man page, with the macros of man(7), from the tables. */
#include "core/app/help.h"

#include "core/app/bindings.h"
#include "core/app/exit_code.h"
#include "core/app/help_internal.h"

#include <stdio.h>
#include <string.h>

enum { TITLE_MAX = 512 };

static void print_roff(const char *text, struct buf *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool is_line_start = c == text || c[-1] == '\n';
        if (is_line_start && (*c == '.' || *c == '\'')) {
            buf_append_text(out, "\\&");
        }
        switch (*c) {
        case '\\':
            buf_append_text(out, "\\e");
            break;
        case '-':
            buf_append_text(out, "\\-");
            break;
        case '~':
            buf_append_text(out, "\\(ti");
            break;
        case '`':
            buf_append_text(out, "\\(ga");
            break;
        default:
            buf_append_char(out, *c);
        }
    }
}

static void print_roff_item(const char *title, const char *text, struct buf *out)
{
    buf_append_text(out, ".TP\n.B ");
    print_roff(title, out);
    buf_append_char(out, '\n');
    print_roff(text, out);
    buf_append_char(out, '\n');
}

static void print_roff_option(enum option option, struct buf *out)
{
    const struct option_spec *spec = option_spec(option);
    char title[128];
    struct buf text;
    buf_init(&text, 512);
    char letter[] = {'-', spec->letter, ',', ' ', '\0'};
    snprintf(title, sizeof(title), "%s--%s%s%s", spec->letter != 0 ? letter : "", spec->name,
             spec->argument != NULL ? " " : "", spec->argument != NULL ? spec->argument : "");
    buf_append_text(&text, spec->sentence);
    if (spec->choices != NULL) {
        help_print_choices(spec->choices, &text);
    }
    print_roff_item(title, buf_text(&text), out);
    buf_done(&text);
}

static void print_roff_verbs(struct buf *out)
{
    buf_append_text(out, ".SH VERBS\n");
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        const struct verb_spec *spec = option_verb((enum verb)i);
        if (!help_is_shown((enum verb)i)) {
            continue;
        }
        buf_printf(out, ".SS %s ", spec->name);
        print_roff(spec->operands, out);
        buf_append_char(out, '\n');
        print_roff(spec->sentence, out);
        buf_append_char(out, '\n');
        for (int o = 0; o < OPTION_COUNT; o++) {
            if (help_is_option_of((enum option)o, (enum verb)i) &&
                !help_is_global((enum option)o)) {
                print_roff_option((enum option)o, out);
            }
        }
    }
}

static void print_roff_options(bool global, struct buf *out)
{
    for (int o = 0; o < OPTION_COUNT; o++) {
        if (help_is_option_of((enum option)o, VERB_NONE) &&
            help_is_global((enum option)o) == global) {
            print_roff_option((enum option)o, out);
        }
    }
}

static void print_roff_tables(struct buf *out)
{
    buf_append_text(out, ".SH EXIT STATUS\n");
#define X(id, code, sentence) print_roff_item(#code, sentence, out);
    EXIT_CODES(X)
#undef X
    buf_append_text(out, ".SH CONFIGURATION\n");
    print_roff("TOML 1.0. A key stands in its section; GATEHOUSE_SECTION_KEY in the environment "
               "stands over the file, --set section.key=value over both.\n",
               out);
    for (int id = 0; id < CONFIG_KEY_COUNT - ACTION_COUNT; id++) { /* the others: KEYS */
        const struct config_key *key = config_key((enum config_id)id);
        char title[128];
        snprintf(title, sizeof(title), "%s.%s", key->section, key->name);
        print_roff_item(title, key->sentence, out);
    }
}

static void print_roff_action(enum action action, struct buf *out)
{
    const struct action_spec *spec = action_spec(action);
    struct buf title;
    buf_init(&title, TITLE_MAX);
    buf_printf(&title, "%s%s%s", spec->name, spec->operands[0] == '\0' ? "" : " ", spec->operands);
    size_t named = title.len;
    buf_append_text(&title, "  ");
    bindings_print_default(action, '\0', &title);
    if (title.len == named + 2) {
        title.ptr[named] = '\0';
    }
    print_roff_item(buf_text(&title), spec->sentence, out);
    buf_done(&title);
}

static void print_roff_keys(struct buf *out)
{
    buf_append_text(out, ".SH KEYS\n");
    print_roff("In the console. Each name is also a command behind :, and a key of the section "
               "[keys] in the configuration, where it is bound to another key, to a list of keys, "
               "or to \"none\".\n",
               out);
    for (int group = 0; group < ACTION_GROUP_COUNT; group++) {
        buf_append_text(out, ".SS ");
        print_roff(action_group_title((enum action_group)group), out);
        buf_append_char(out, '\n');
        for (int i = 0; i < ACTION_COUNT; i++) {
            if (action_spec((enum action)i)->group == (enum action_group)group) {
                print_roff_action((enum action)i, out);
            }
        }
    }
}

void help_print_man(const char *version, struct buf *out)
{
    buf_append_text(out, ".TH GATEHOUSE 1 \"\" \"gatehouse ");
    print_roff(version, out);
    buf_append_text(out, "\" \"User Commands\"\n.SH NAME\n"
                         "gatehouse \\- retrains a model and guards the gate it must pass\n"
                         ".SH SYNOPSIS\n.B gatehouse\n[\\fIoption\\fR...]\n.br\n"
                         ".B gatehouse \\-\\-batch\n[\\fIoption\\fR...]\n.br\n"
                         ".B gatehouse\n\\fIverb\\fR [\\fIoperand\\fR...] [\\fIoption\\fR...]\n"
                         ".SH DESCRIPTION\n");
    print_roff("gatehouse runs the pipeline that cleans the data, trains a credit-default model, "
               "measures it on rows it has not seen, and passes or rejects it by rules. A run is "
               "kept event by event, so it can be resumed after any death, watched and commanded "
               "from anywhere. Without a verb and without --batch it is a console on the newest "
               "run, which starts runs and shows what becomes of them.\n",
               out);
    buf_append_text(out, ".SH OPTIONS\n.SS Of a run\n");
    print_roff_options(false, out);
    buf_append_text(out, ".SS Of every verb, before or after it\n");
    print_roff_options(true, out);
    print_roff_verbs(out);
    print_roff_keys(out);
    print_roff_tables(out);
    buf_append_text(out, ".SH ENVIRONMENT\n");
    print_roff_item("GATEHOUSE_CONFIG", "The configuration file.", out);
    print_roff_item("GATEHOUSE_STATE_DIR", "The state folder.", out);
    print_roff_item("NO_COLOR, CLICOLOR_FORCE", "No colours; colours also off a terminal.", out);
    buf_append_text(out, ".SH FILES\n");
    print_roff_item("~/.config/gatehouse/config.toml, /etc/xdg/gatehouse/config.toml",
                    "The configuration file; $XDG_CONFIG_HOME and $XDG_CONFIG_DIRS move them.",
                    out);
    print_roff_item("~/.local/state/gatehouse",
                    "Runs, logs and local data; $XDG_STATE_HOME moves it.", out);
}
