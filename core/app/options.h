/* The command line: one table of verbs and one of options drive parsing, --help, the man page and
 * the shells' completions. Pure. */
#ifndef GATEHOUSE_APP_OPTIONS_H
#define GATEHOUSE_APP_OPTIONS_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* X(id, name, operands, choices of the first operand, least and most operands, sentence) */
#define VERBS(X)                                                                                   \
    X(NONE, "", "", NULL, 0, 0,                                                                    \
      "Without a verb: the console opens; with --batch the pipeline is run.")                      \
    X(ATTACH, "attach", "[RUN]", NULL, 0, 1,                                                       \
      "Opens the console on a run; on the newest one by default.")                                 \
    X(PREPARE, "prepare", "[FILE|-]", NULL, 0, 1,                                                  \
      "Reads raw data (CSV; gzip, zstd or zip too) or makes a sample, and stores both sources.")   \
    X(RUNS, "runs", "", NULL, 0, 0, "Lists the runs, the newest first.")                           \
    X(SHOW, "show", "RUN", NULL, 1, 1, "Shows a run: its stages with their tries, its verdict.")   \
    X(LOGS, "logs", "RUN STAGE", NULL, 2, 2, "Prints the log of a stage's try.")                   \
    X(WATCH, "watch", "RUN", NULL, 1, 1, "Follows a run until it ends, with its exit code.")       \
    X(REPLAY, "replay", "FILE|RUN", NULL, 1, 1,                                                    \
      "Plays a run of the store, or the JSON stream of --batch from a file or standard input "     \
      "(-).")                                                                                      \
    X(RETRY, "retry", "RUN STAGE", NULL, 2, 2, "Runs exactly one stage once more.")                \
    X(RERUN, "rerun", "RUN STAGE", NULL, 2, 2, "Runs a stage and all that follows once more.")     \
    X(SKIP, "skip", "RUN STAGE", NULL, 2, 2, "Goes on without a stage; needs --reason.")           \
    X(STOP, "stop", "RUN", NULL, 1, 1, "Stops a run and the work it has started.")                 \
    X(CONFIG, "config", "check|show|example", "check|show|example", 1, 1,                          \
      "Checks the configuration, shows what holds and why, or prints an example file.")            \
    X(DOCTOR, "doctor", "", NULL, 0, 0, "Checks all that a run needs and says what to do.")        \
    X(LOCAL, "local", "status|start|stop|destroy", "status|start|stop|destroy", 1, 1,              \
      "Manages the private PostgreSQL of the local backend.")                                      \
    X(AWS, "aws", "whoami", "whoami", 1, 1,                                                        \
      "Shows who we are to AWS, where the credentials come from and how long they hold.")          \
    X(FUNCTIONS, "functions", "package|deploy", "package|deploy", 1, 1,                            \
      "Packs the data functions for AWS Lambda, or creates and updates them there; shows its "     \
      "plan first, and without a terminal changes nothing unless --yes is given.")                 \
    X(PROVISION, "provision", "", NULL, 0, 0,                                                      \
      "Makes the buckets (encrypted, closed to the public) and the table of the profiles; shows "  \
      "its plan first, and without a terminal changes nothing unless --yes is given.")             \
    X(THEME, "theme", "list|check [NAME|FILE]", "list|check", 1, 2,                                \
      "Lists the console's themes, or says what is wrong with one or with all of them.")           \
    X(HELP, "help", "[VERB]", NULL, 0, 1,                                                          \
      "Explains a verb, or prints the man page or a completion.")                                  \
    X(SUPERVISOR, "__training-supervisor", "FOLDER MODEL_PROGRAM LAKE", NULL, 3, 3, NULL)

enum verb {
#define X(id, name, operands, choices, least, most, sentence) VERB_##id,
    VERBS(X)
#undef X
        VERB_COUNT
};

struct verb_spec {
    const char *name;
    const char *operands;
    const char *choices; /* of the first operand; NULL: free */
    size_t least, most;
    const char *sentence; /* NULL: internal, shown nowhere */
};

#define VERB_BIT(id) (1u << VERB_##id)
#define VERBS_ALL    (~0u)

/* X(id, long name, letter or 0, argument or NULL, choices or NULL, verbs, sentence) */
#define OPTIONS(X)                                                                                 \
    X(CONFIG, "config", 0, "FILE", NULL, VERBS_ALL, "Reads this configuration file.")              \
    X(STATE_DIR, "state-dir", 0, "FOLDER", NULL, VERBS_ALL,                                        \
      "Keeps runs, logs and local data in this folder.")                                           \
    X(SET, "set", 0, "SECTION.KEY=VALUE", NULL, VERBS_ALL,                                         \
      "Sets a configuration key; may be given several times.")                                     \
    X(COLOR, "color", 0, "WHEN", "auto|always|never", VERBS_ALL, "Colours the output.")            \
    X(FORMAT, "format", 0, "FORM", "text|json", VERBS_ALL, "Prints for people or for programs.")   \
    X(HELP, "help", 'h', NULL, NULL, VERBS_ALL, "Explains the verb.")                              \
    X(VERSION, "version", 0, NULL, NULL, VERBS_ALL, "Prints the version.")                         \
    X(READ_ONLY, "read-only", 0, NULL, NULL, VERB_BIT(NONE) | VERB_BIT(ATTACH),                    \
      "Lets the console watch only: no command reaches a run.")                                    \
    X(PLAIN, "plain", 0, NULL, NULL, VERB_BIT(NONE) | VERB_BIT(ATTACH) | VERB_BIT(REPLAY),         \
      "Talks in lines instead of drawing: for screen readers, dumb terminals and pipes.")          \
    X(SPEED, "speed", 0, "N", "0.25|0.5|1|2|4|8|16|32|64|max", VERB_BIT(REPLAY),                   \
      "How fast a replay is: so many times real time; max does not wait.")                         \
    X(BATCH, "batch", 0, NULL, NULL, VERB_BIT(NONE),                                               \
      "Runs the pipeline without a console and ends with its exit code.")                          \
    X(RESUME, "resume", 0, "RUN", NULL, VERB_BIT(NONE),                                            \
      "With --batch: goes on with a run (latest, a number, an id) instead of a new one.")          \
    X(DRY_RUN, "dry-run", 0, NULL, NULL, VERB_BIT(NONE),                                           \
      "With --batch: prints the plan and changes nothing.")                                        \
    X(PREPARE_SAMPLE, "prepare-sample", 0, NULL, NULL, VERB_BIT(NONE),                             \
      "Starts a run and makes the synthetic sample first if there is no raw data yet; without "    \
      "--batch the console opens on that run.")                                                    \
    X(QUIET, "quiet", 'q', NULL, NULL, VERBS_RUNNING, "Prints failures and the verdict only.")     \
    X(VERBOSE, "verbose", 'v', NULL, NULL, VERBS_RUNNING | VERB_BIT(AWS),                          \
      "Prints the stages' logs too; with aws, the requests without their secrets.")                \
    X(SAMPLE, "sample", 0, NULL, NULL, VERB_BIT(PREPARE),                                          \
      "Makes synthetic data that resembles the real set, instead of reading a file.")              \
    X(ROWS, "rows", 0, "N", NULL, VERB_BIT(PREPARE), "Rows of the sample; 30000 by default.")      \
    X(SEED, "seed", 0, "S", NULL, VERB_BIT(PREPARE), "Seed of the sample; 3 by default.")          \
    X(REASON, "reason", 0, "TEXT", NULL, VERBS_COMMANDS, "Why; kept in the audit trail.")          \
    X(FOLLOW, "follow", 'f', NULL, NULL, VERB_BIT(LOGS), "Goes on as the log grows.")              \
    X(TRY, "try", 0, "N", NULL, VERB_BIT(LOGS), "The log of this try; the latest by default.")     \
    X(LIMIT, "limit", 0, "N", NULL, VERB_BIT(RUNS), "At most this many runs; 20 by default.")      \
    X(OUTPUT, "output", 'o', "FILE", NULL, VERB_BIT(FUNCTIONS),                                    \
      "With package: the file that is written; gatehouse-functions.zip by default.")               \
    X(YES, "yes", 0, NULL, NULL, VERB_BIT(FUNCTIONS) | VERB_BIT(PROVISION),                        \
      "Does what the plan says without asking.")                                                   \
    X(MAN, "man", 0, NULL, NULL, VERB_BIT(HELP), "Prints the man page (roff).")                    \
    X(KEYMAP, "keymap", 0, NULL, NULL, VERB_BIT(HELP),                                             \
      "Prints the keys of the console (Markdown).")                                                \
    X(COMPLETION, "completion", 0, "SHELL", "bash|zsh|fish", VERB_BIT(HELP),                       \
      "Prints the completion for a shell.")

#define VERBS_COMMANDS (VERB_BIT(RETRY) | VERB_BIT(RERUN) | VERB_BIT(SKIP) | VERB_BIT(STOP))
#define VERBS_RUNNING                                                                              \
    (VERB_BIT(NONE) | VERB_BIT(WATCH) | VERB_BIT(RETRY) | VERB_BIT(RERUN) | VERB_BIT(SKIP))

enum option {
#define X(id, name, letter, argument, choices, verbs, sentence) OPTION_##id,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

struct option_spec {
    const char *name;
    char letter;
    const char *argument;
    const char *choices;
    unsigned verbs;
    const char *sentence;
};

const struct verb_spec *option_verb(enum verb verb);
const struct option_spec *option_spec(enum option option);

enum { OPTIONS_SET_MAX = 64, OPTIONS_OPERANDS_MAX = 3 };

struct options { /* everything borrowed from argv */
    enum verb verb;
    bool is_given[OPTION_COUNT];
    const char *values[OPTION_COUNT]; /* the last one given; NULL without an argument */
    const char *settings[OPTIONS_SET_MAX];
    size_t setting_count;
    const char *operands[OPTIONS_OPERANDS_MAX];
    size_t operand_count;
};

/* False with err (permanent, code "usage") naming what is wrong and what was probably meant. When
 * --help or --version was given, missing operands are not an error. */
bool options_parse(int argc, const char *const *argv, struct options *out_options,
                   struct error *err);

#endif
