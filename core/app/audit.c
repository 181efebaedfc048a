/* Commands as they were sent, joined with the events that answered them. */
#include "core/app/audit.h"

#include "core/base/alloc.h"

#include <stdlib.h>

static void free_entry(struct audit_entry *entry)
{
    free(entry->who);
    free(entry->tty);
    free(entry->what);
    free(entry->reason);
    free(entry->message);
}

void audit_done(struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        free_entry(&audit->entries[i]);
    }
    free(audit->entries);
    *audit = (struct audit){.count = 0};
}

static struct audit_entry *add(struct audit *audit, int64_t ts_ms, const char *who, const char *tty,
                               const char *reason)
{
    if (audit->count == audit->capacity) {
        audit->capacity = audit->capacity == 0 ? 16 : audit->capacity * 2;
        audit->entries = xrealloc(audit->entries, audit->capacity * sizeof(*audit->entries));
    }
    struct audit_entry *entry = &audit->entries[audit->count++];
    *entry = (struct audit_entry){
        .ts_ms = ts_ms,
        .who = xstrdup(who == NULL ? "" : who),
        .tty = xstrdup(tty == NULL ? "" : tty),
        .reason = xstrdup(reason == NULL ? "" : reason),
        .message = xstrdup(""),
    };
    return entry;
}

static char *join(const char *verb, const char *stage)
{
    bool has_stage = stage != NULL && *stage != '\0';
    return xasprintf("%s%s%s", verb, has_stage ? " " : "", has_stage ? stage : "");
}

static void add_sent(void *context, const struct command *command, int64_t ts_ms,
                     int64_t answer_seq)
{
    struct audit_entry *entry = add(context, ts_ms, command->user, command->tty, command->reason);
    entry->id = command->id;
    entry->what = join(command_verb_name(command->verb), command->stage);
    entry->answer = AUDIT_PENDING; /* the view tells the answer, once it has read that far */
    (void)answer_seq;
}

static void add_deed(void *context, const struct operator_entry *deed)
{
    struct audit_entry *entry = add(context, deed->ts_ms, deed->user, deed->tty, deed->reason);
    entry->until_ms = deed->until_ms;
    entry->what = xstrdup(deed->deed == DEED_ELEVATED ? "read-only lifted" : "read-only again");
}

static struct audit_entry *find(const struct audit *audit, int64_t id)
{
    for (size_t i = 0; id != 0 && i < audit->count; i++) {
        if (audit->entries[i].id == id) {
            return &audit->entries[i];
        }
    }
    return NULL;
}

/* A command that nobody sent through the store is a signal to the runner. */
static void add_answers(struct audit *audit, const struct view *view)
{
    for (size_t i = 0; i < view->command_count; i++) {
        const struct view_command *command = &view->commands[i];
        struct audit_entry *entry = find(audit, command->id);
        if (entry == NULL) {
            entry = add(audit, command->ts_ms, command->user, command->tty, command->reason);
            entry->what = join(command->verb, command->stage);
        }
        entry->answer = command->is_accepted ? AUDIT_ACCEPTED : AUDIT_REFUSED;
        free(entry->message);
        entry->message = xstrdup(command->message);
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t a_ms = ((const struct audit_entry *)a)->ts_ms;
    int64_t b_ms = ((const struct audit_entry *)b)->ts_ms;
    return a_ms < b_ms ? -1 : a_ms > b_ms;
}

bool audit_read(struct audit *audit, struct store *store, const struct view *view,
                struct error *err)
{
    audit_done(audit);
    if (store != NULL && (!store_sent_commands(store, view->run.id, add_sent, audit, err) ||
                          !store_read_operator_log(store, view->run.id, add_deed, audit, err))) {
        audit_done(audit);
        return false;
    }
    add_answers(audit, view);
    if (audit->count > 1) {
        qsort(audit->entries, audit->count, sizeof(*audit->entries), by_time);
    }
    return true;
}
