/* Operators' commands on their way to the runner that owns the run, and the operator log. A command
 * is answered when the event that answers it is stored, in the same transaction (see events.c). */
#include "core/store/store_internal.h"

#include <string.h>

/* Who is told of each row of a statement about one run; `tell` reads the row. */
struct listener {
    bool (*tell)(struct store *store, sqlite3_stmt *statement, const struct listener *listener,
                 struct error *err);
    void *context;
    union {
        store_command_fn command;
        store_sent_fn sent;
        store_operator_fn deed;
    };
};

static bool tell_rows(struct store *store, enum store_statement which, const char *run_id,
                      const struct listener *listener, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, which, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    bool is_ok = true, has_row = false;
    while (is_ok && (is_ok = store_step(store, statement, &has_row, err)) && has_row) {
        is_ok = listener->tell(store, statement, listener, err);
    }
    sqlite3_reset(statement);
    return is_ok;
}

bool store_add_command(struct store *store, const char *run_id, const struct command *command,
                       int64_t now_ms, int64_t *out_id, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_INSERT_COMMAND, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    sqlite3_bind_int64(statement, 2, now_ms);
    store_bind_text(statement, 3, command_verb_name(command->verb));
    store_bind_text(statement, 4, command->stage);
    store_bind_text(statement, 5, command->user);
    store_bind_text(statement, 6, command->tty);
    store_bind_text(statement, 7, command->reason);
    if (!store_execute(store, statement, err)) {
        return false;
    }
    if (sqlite3_changes(store->db) != 1) {
        return error_set(err, ERROR_PERMANENT, "not_found", "there is no run '%s' in %s", run_id,
                         store->path);
    }
    *out_id = sqlite3_last_insert_rowid(store->db);
    return true;
}

static const char *text_or_null(sqlite3_stmt *statement, int index)
{
    return (const char *)sqlite3_column_text(statement, index);
}

static bool read_command(struct store *store, sqlite3_stmt *statement, struct command *out_command,
                         struct error *err)
{
    *out_command = (struct command){
        .id = sqlite3_column_int64(statement, 0),
        .stage = text_or_null(statement, 2),
        .user = text_or_null(statement, 3),
        .tty = text_or_null(statement, 4),
        .reason = text_or_null(statement, 5),
    };
    return command_verb_from_name(str_from(store_column_text(statement, 1)), &out_command->verb) ||
           store_damaged(store, err, "a command has an unknown verb");
}

static bool tell_pending(struct store *store, sqlite3_stmt *statement,
                         const struct listener *listener, struct error *err)
{
    struct command command;
    if (!read_command(store, statement, &command, err)) {
        return false;
    }
    listener->command(listener->context, &command);
    return true;
}

bool store_pending_commands(struct store *store, const char *run_id, store_command_fn each,
                            void *context, struct error *err)
{
    const struct listener listener = {tell_pending, context, .command = each};
    return tell_rows(store, STORE_SQL_PENDING_COMMANDS, run_id, &listener, err);
}

bool store_command_answer(struct store *store, int64_t command_id, int64_t *out_seq,
                          struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_COMMAND_ANSWER, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, command_id);
    bool has_row = false;
    bool is_ok = store_step(store, statement, &has_row, err);
    if (is_ok && has_row) {
        *out_seq = sqlite3_column_int64(statement, 0); /* NULL reads as 0 */
    } else if (is_ok) {
        is_ok = error_set(err, ERROR_PERMANENT, "not_found", "there is no command %lld in %s",
                          (long long)command_id, store->path);
    }
    sqlite3_reset(statement);
    return is_ok;
}

static bool tell_sent(struct store *store, sqlite3_stmt *statement, const struct listener *listener,
                      struct error *err)
{
    struct command command;
    if (!read_command(store, statement, &command, err)) {
        return false;
    }
    listener->sent(listener->context, &command, sqlite3_column_int64(statement, 6),
                   sqlite3_column_int64(statement, 7));
    return true;
}

bool store_sent_commands(struct store *store, const char *run_id, store_sent_fn each, void *context,
                         struct error *err)
{
    const struct listener listener = {tell_sent, context, .sent = each};
    return tell_rows(store, STORE_SQL_SENT_COMMANDS, run_id, &listener, err);
}

/* ---- operator log */
enum { OPERATOR_LOG_VERSION = 2 }; /* files of older versions have none */

static const char *const deed_names[DEED_COUNT] = {
#define X(name, text) text,
    OPERATOR_DEEDS(X)
#undef X
};

const char *operator_deed_name(enum operator_deed deed)
{
    return deed_names[deed];
}

bool store_log_operator(struct store *store, const char *run_id, const struct operator_entry *entry,
                        struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_INSERT_DEED, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    sqlite3_bind_int64(statement, 2, entry->ts_ms);
    store_bind_text(statement, 3, deed_names[entry->deed]);
    sqlite3_bind_int64(statement, 4, entry->until_ms);
    store_bind_text(statement, 5, entry->user);
    store_bind_text(statement, 6, entry->tty);
    store_bind_text(statement, 7, entry->reason);
    return store_execute(store, statement, err);
}

static bool read_deed(struct store *store, sqlite3_stmt *statement,
                      struct operator_entry *out_entry, struct error *err)
{
    int deed = 0;
    const char *name = store_column_text(statement, 0);
    while (deed < DEED_COUNT && strcmp(name, deed_names[deed]) != 0) {
        deed++;
    }
    *out_entry = (struct operator_entry){
        .deed = (enum operator_deed)deed,
        .ts_ms = sqlite3_column_int64(statement, 1),
        .until_ms = sqlite3_column_int64(statement, 2),
        .user = text_or_null(statement, 3),
        .tty = text_or_null(statement, 4),
        .reason = text_or_null(statement, 5),
    };
    return deed < DEED_COUNT || store_damaged(store, err, "the operator log has an unknown deed");
}

static bool tell_deed(struct store *store, sqlite3_stmt *statement, const struct listener *listener,
                      struct error *err)
{
    struct operator_entry entry;
    if (!read_deed(store, statement, &entry, err)) {
        return false;
    }
    listener->deed(listener->context, &entry);
    return true;
}

bool store_read_operator_log(struct store *store, const char *run_id, store_operator_fn each,
                             void *context, struct error *err)
{
    if (store->version < OPERATOR_LOG_VERSION) {
        return true;
    }
    const struct listener listener = {tell_deed, context, .deed = each};
    return tell_rows(store, STORE_SQL_READ_DEEDS, run_id, &listener, err);
}
