/* The run store's handle: opening, statements, transactions, and what SQLite's errors mean here. */
#include "core/store/store_internal.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    WAL_PAUSE_MS = 10,
    TIDY_FRAMES = 1000,      /* 4 MB of pages are worth a checkpoint when idle .. */
    TIDY_FRAMES_MAX = 16384, /* .. and 64 MB are at any moment */
};

#define WAL_SQL "PRAGMA journal_mode = WAL"

static const char *const statement_sql[] = {
#define X(name, sql) [STORE_SQL_##name] = (sql),
    STORE_STATEMENTS(X)
#undef X
};

/* ---- errors */
bool store_damaged(const struct store *store, struct error *err, const char *why)
{
    return error_set(err, ERROR_PERMANENT, "store_damaged",
                     "run store %s is damaged (%s): restore it from a backup, or move it away to "
                     "start a new one; the run folders beside it are kept",
                     store->path, why);
}

static bool is_full(int os_errno)
{
    return os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EFBIG;
}

static bool fail_io(const struct store *store, int result_code, const char *doing,
                    struct error *err)
{
    int os_errno = sqlite3_system_errno(store->db); /* 0 when it was a commit that failed */
    os_errno = os_errno == 0 ? store->step_errno : os_errno;
    if ((result_code & 0xff) == SQLITE_FULL || is_full(os_errno)) {
        return error_set(err, ERROR_TRANSIENT, "disk_full",
                         "%s: the disk of run store %s is full: make room; nothing was stored half",
                         doing, store->path);
    }
    error_set(err, ERROR_TRANSIENT, "store_io", "%s: run store %s: %s%s%s", doing, store->path,
              sqlite3_errstr(result_code), os_errno ? ": " : "",
              os_errno ? strerrordesc_np(os_errno) : "");
    err->os_errno = os_errno;
    return false;
}

bool store_fail(const struct store *store, int result_code, const char *doing, struct error *err)
{
    switch (result_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, ERROR_TRANSIENT, "store_locked",
                         "%s: run store %s is locked by another process; try again", doing,
                         store->path);
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return fail_io(store, result_code, doing, err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return store_damaged(store, err, sqlite3_errstr(result_code));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error_set(err, ERROR_PERMANENT, "no_access",
                         "%s: run store %s cannot be opened or written: %s: check the rights of "
                         "the file and its folder",
                         doing, store->path, sqlite3_errmsg(store->db));
    default:
        return error_set(err, ERROR_BUG, "store_bug", "%s: run store %s: %s", doing, store->path,
                         sqlite3_errmsg(store->db));
    }
}

/* ---- statements */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct error *err)
{
    sqlite3_stmt **slot = &store->statements[which];
    if (*slot != NULL) {
        return *slot;
    }
    int rc = sqlite3_prepare_v3(store->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                slot, NULL);
    if (rc != SQLITE_OK) {
        store_fail(store, rc, "prepare a statement", err);
    }
    return *slot;
}

bool store_step(struct store *store, sqlite3_stmt *statement, bool *out_has_row, struct error *err)
{
    errno = 0;
    int rc = sqlite3_step(statement);
    store->step_errno = errno;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        *out_has_row = rc == SQLITE_ROW;
        return true;
    }
    bool is_read = str_starts_with(str_from(sqlite3_sql(statement)), STR("SELECT"));
    store_fail(store, rc, is_read ? "read" : "write", err);
    sqlite3_reset(statement);
    return false;
}

bool store_execute(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    bool has_row = false;
    bool is_ok = store_step(store, statement, &has_row, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return is_ok;
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    if (text == NULL) {
        sqlite3_bind_null(statement, index);
    } else {
        sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
    }
}

const char *store_column_text(sqlite3_stmt *statement, int index)
{
    const unsigned char *text = sqlite3_column_text(statement, index);
    return text == NULL ? "" : (const char *)text;
}

static bool execute(struct store *store, enum store_statement which, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, which, err);
    return statement != NULL && store_execute(store, statement, err);
}

/* A file that was removed goes on taking what we write, and nobody will ever read it. */
static bool check_in_place(struct store *store, struct error *err)
{
    int has_moved = 0;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    return !has_moved ||
           store_damaged(store, err, "it was removed or replaced while it was in use");
}

bool store_begin(struct store *store, struct error *err)
{
    return check_in_place(store, err) && execute(store, STORE_SQL_BEGIN, err);
}

bool store_commit(struct store *store, struct error *err)
{
    if (execute(store, STORE_SQL_COMMIT, err)) {
        return true;
    }
    store_rollback(store);
    return false;
}

void store_rollback(struct store *store)
{
    struct error ignored;
    if (!sqlite3_get_autocommit(store->db)) { /* some failures have rolled back already */
        execute(store, STORE_SQL_ROLLBACK, &ignored);
    }
}

/* ---- opening */
/* SQLite takes an empty file for a new store: right for one that was never written, but a store
 * that had runs and is empty now was damaged from outside. */
static bool check_not_emptied(const struct store *store, struct error *err)
{
    struct stat status;
    if (stat(store->path, &status) != 0 || status.st_size != 0) {
        return true;
    }
    const char *slash = strrchr(store->path, '/');
    struct str folder = {store->path, slash == NULL ? 0 : (size_t)(slash - store->path) + 1};
    char *runs = xasprintf(STR_FMT "runs", STR_ARG(folder));
    DIR *dir = opendir(runs);
    free(runs);
    if (dir == NULL) {
        return true;
    }
    bool has_runs = false;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        has_runs = has_runs || entry->d_name[0] != '.';
    }
    closedir(dir);
    return !has_runs || store_damaged(store, err, "it is empty, though there are run folders");
}

/* SQLite would make the file readable for everybody that umask lets in. A file that exists is not
 * touched: closing it would drop the locks this process may hold on it. */
static bool make_file(const struct store *store, struct error *err)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    if (fd >= 0 || errno == EEXIST) {
        return true;
    }
    if (errno != EACCES && errno != EROFS) {
        return error_set_errno(err, errno, "run store %s", store->path);
    }
    return error_set(err, ERROR_PERMANENT, "no_access",
                     "run store %s cannot be made (%s): check the rights of its folder, or choose "
                     "another state folder",
                     store->path, strerrordesc_np(errno));
}

static int note_commit(void *context, sqlite3 *db, const char *name, int frames)
{
    struct store *store = context;
    store->wal_frames = frames;
    if (frames >= TIDY_FRAMES_MAX &&
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK) {
        store->wal_frames = 0;
    }
    return SQLITE_OK;
}

/* SQLite does not wait by itself when two programs turn a new file into a WAL store at once. */
static int use_wal(struct store *store)
{
    struct timespec pause = {.tv_nsec = WAL_PAUSE_MS * 1000000L};
    struct clock *clock = clock_system();
    int64_t deadline_ms = clock->monotonic_ms(clock) + STORE_BUSY_TIMEOUT_MS;
    int rc = sqlite3_exec(store->db, WAL_SQL, NULL, NULL, NULL);
    while ((rc & 0xff) == SQLITE_BUSY && clock->monotonic_ms(clock) < deadline_ms) {
        nanosleep(&pause, NULL);
        rc = sqlite3_exec(store->db, WAL_SQL, NULL, NULL, NULL);
    }
    return rc;
}

/* Writing a checkpoint costs two fsyncs in the middle of a run: it is done when idle instead.
 * The WAL file is kept at the end, so that those who watch it go on watching the right file; the
 * size limit makes SQLite empty it then, so that it cannot spoil a main file restored from a
 * backup.
 */
static bool configure(struct store *store, enum store_mode mode, struct error *err)
{
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, STORE_BUSY_TIMEOUT_MS);
    int yes = 1;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
    sqlite3_wal_hook(store->db, note_commit, store);
    const char *sql = mode == STORE_READ ? "PRAGMA query_only = ON"
                                         : "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                                           "PRAGMA journal_size_limit = 16777216";
    int rc = mode == STORE_READ ? SQLITE_OK : use_wal(store);
    rc = rc == SQLITE_OK ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : rc;
    return rc == SQLITE_OK || store_fail(store, rc, "open", err);
}

static bool open_file(struct store *store, enum store_mode mode, struct error *err)
{
    if (mode == STORE_READ && access(store->path, F_OK) != 0 && errno == ENOENT) {
        return error_set(err, ERROR_PERMANENT, "not_found", "there are no runs yet (no %s)",
                         store->path);
    }
    if (!check_not_emptied(store, err) || (mode == STORE_WRITE && !make_file(store, err))) {
        return false;
    }
    int flags = mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int rc = sqlite3_open_v2(store->path, &store->db,
                             flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        return store_fail(store, rc, "open", err);
    }
    return configure(store, mode, err) && store_prepare_schema(store, mode, err);
}

struct store *store_open(const char *path, enum store_mode mode, struct error *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->path = xstrdup(path);
    store->watch_path = xasprintf("%s-wal", path);
    store->data_version = -1;
    if (open_file(store, mode, err)) {
        return store;
    }
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < STORE_SQL_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
    }
    int rc = sqlite3_close(store->db);
    assert(rc == SQLITE_OK);
    (void)rc;
    free(store->path);
    free(store->watch_path);
    free(store);
}

void store_set_busy_timeout(struct store *store, int64_t timeout_ms)
{
    sqlite3_busy_timeout(store->db, (int)timeout_ms);
}

const char *store_watch_path(const struct store *store)
{
    return store->watch_path;
}

bool store_has_changed(struct store *store)
{
    struct error ignored;
    bool has_row = false;
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_DATA_VERSION, &ignored);
    if (statement == NULL || !store_step(store, statement, &has_row, &ignored) || !has_row) {
        return true;
    }
    int64_t version = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    bool has_changed = version != store->data_version;
    store->data_version = version;
    return has_changed;
}

bool store_check_integrity(struct store *store, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_INTEGRITY, err);
    bool has_row = false;
    if (statement == NULL || !store_step(store, statement, &has_row, err)) {
        return false;
    }
    const char *finding = has_row ? store_column_text(statement, 0) : "";
    bool is_good = strcmp(finding, "ok") == 0 || store_damaged(store, err, finding);
    sqlite3_reset(statement);
    return is_good;
}

const char *store_library_version(void)
{
    return sqlite3_libversion();
}

void store_tidy(struct store *store)
{
    if (store->wal_frames >= TIDY_FRAMES &&
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
            SQLITE_OK) {
        store->wal_frames = 0;
    }
}
