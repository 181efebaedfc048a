/* The plain form of the console: lines in, sentences out. Each line is a command of the palette, or
 * the answer to a question; what happens is said as it happens. No terminal, no loop. */
#ifndef GATEHOUSE_TUI_PLAIN_TALK_H
#define GATEHOUSE_TUI_PLAIN_TALK_H

#include "tui/act.h"

enum { PLAIN_PAGE_LINES = 20, PLAIN_PROGRESS_MS = 60000 };

struct plain_heard { /* what was said of the run */
    char run_id[RUN_ID_SIZE];
    enum stage_state states[DAG_STAGES_MAX];
    int tries[DAG_STAGES_MAX];
    enum run_state run_state;
    int64_t ended_ms; /* of the run: it may have come to the same rest again */
    enum verdict verdict;
    size_t commands;
    bool is_lost;
    int64_t newest;      /* number of the newest run */
    int64_t progress_ms; /* real time of the latest word about progress */
};

struct plain {
    struct ui ui;
    struct client *client; /* borrowed */
    struct buf out;        /* what is to be said: whole lines; whoever says it resets it */
    struct plain_heard heard;
    enum act_wish wish;   /* of the latest line */
    bool is_asked_to_end; /* the open question is whether to leave */
    bool is_waiting;      /* lines are left alone until the run is at rest */
    bool is_following;    /* what is added to the log is said */
    size_t log_said;      /* lines of the log's file that were said, while following */
};

void plain_init(struct plain *plain, struct client *client, int utc_offset_s);
void plain_done(struct plain *plain);
/* The first words. */
void plain_greet(struct plain *plain);
/* A line that was typed, without its newline. */
void plain_line(struct plain *plain, struct str line);
/* All that is now is known to the listener: only what comes is news. */
void plain_heard_all(struct plain *plain, int64_t real_ms);
/* The client was refreshed; real_ms: any clock that does not go back. */
void plain_news(struct plain *plain, int64_t real_ms);
/* What is asked now, else NULL: a command is expected. */
const char *plain_question(const struct plain *plain);
/* Ctrl-C: ends what is going on here, or asks whether to leave; true: that was asked already. */
bool plain_interrupt(struct plain *plain);

/* ---- between the files of plain mode */

/* Actions that only make sense on a screen: why; NULL: plain mode has them. */
const char *plain_screen_only(enum action action);
/* Says what an action that was carried out has to show. */
void plain_voice(struct plain *plain, enum action action);
bool plain_has_voice(enum action action);

/* Commands that are plain mode's own, in the order of the list. */
struct plain_command {
    const char *name, *sentence;
    void (*say)(struct plain *plain);
};
const struct plain_command *plain_commands(size_t *out_count);
/* The numbered list of commands. */
void plain_help(struct plain *plain);
/* The name that a number of the list stands for, or NULL. */
const char *plain_numbered(uint64_t number);

void plain_log_page(struct plain *plain);
void plain_log_match(struct plain *plain);
void plain_log_news(struct plain *plain); /* while following */
void plain_log_follow(struct plain *plain);

void plain_message(struct plain *plain); /* what the state wants said, once */
/* The question of the open dialog. */
void plain_ask(struct plain *plain);
void plain_answer(struct plain *plain, struct str line);
void plain_drop_question(struct plain *plain);

#endif
