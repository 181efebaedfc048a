/* Folders of a private cluster, and who may reach them. */
#include "core/local/cluster_place.h"

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HASH_LENGTH = 12,
    RECORD_MAX = 4096,
    SOCKET_PATH_MAX = 107, /* unix(7): sun_path without its NUL */
    PRIVATE_MODE = 0700,
    PASSWD_BUFFER = 16 * 1024,
};

void cluster_place_done(struct cluster_place *place)
{
    free(place->state);
    free(place->folder);
    free(place->data);
    free(place->sockets);
    free(place->record);
    *place = (struct cluster_place){0};
}

/* ---- users */

static bool take_user(struct cluster_place *place, const struct passwd *user)
{
    place->uid = user->pw_uid;
    place->gid = user->pw_gid;
    snprintf(place->user, sizeof(place->user), "%s", user->pw_name);
    return true;
}

static bool find_user_by_id(struct cluster_place *place, uid_t uid, struct error *err)
{
    struct passwd entry, *found = NULL;
    char buffer[PASSWD_BUFFER];
    if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL) {
        return take_user(place, found);
    }
    return error_set(err, ERROR_PERMANENT, "no_user",
                     "PostgreSQL needs a user with a name, but user number %ld has none in the "
                     "system's user database",
                     (long)uid);
}

static bool find_user_by_name(struct cluster_place *place, const char *name, struct error *err)
{
    struct passwd entry, *found = NULL;
    char buffer[PASSWD_BUFFER];
    if (getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL) {
        return take_user(place, found);
    }
    return error_set(err, ERROR_PERMANENT, "no_postgresql",
                     "PostgreSQL refuses to run as root and user '%s' does not exist: install the "
                     "package postgresql-15",
                     name);
}

/* ---- paths */

/* Commas separate socket folders, quotes and the like have a meaning in one setting or another. */
static bool can_hold_socket(const char *folder)
{
    size_t length = strlen(folder) + strlen("/.s.PGSQL.5432");
    for (const char *at = folder; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || strchr(",'\"\\", *at) != NULL) {
            return false;
        }
    }
    return folder[0] == '/' && length <= SOCKET_PATH_MAX;
}

/* May the user walk down to path? By owner and "others" bits alone: whatever grants more than these
 * is not counted on. */
static bool is_reachable(const char *path, uid_t uid)
{
    char *partial = xstrdup(path);
    bool is_open = true;
    for (char *slash = partial; is_open && slash != NULL; slash = strchr(slash + 1, '/')) {
        struct stat info;
        char kept = slash[1];
        slash[1] = '\0';
        is_open = stat(partial, &info) == 0 &&
                  (info.st_mode & (info.st_uid == uid ? S_IXUSR : S_IXOTH)) != 0;
        slash[1] = kept;
    }
    struct stat info;
    is_open = is_open && stat(path, &info) == 0 &&
              (info.st_mode & (info.st_uid == uid ? S_IXUSR : S_IXOTH)) != 0;
    free(partial);
    return is_open;
}

static void append_hash(char *out_hash, const char *state)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(str_from(state), hex);
    memcpy(out_hash, hex, HASH_LENGTH);
    out_hash[HASH_LENGTH] = '\0';
}

static bool resolve_state(struct cluster_place *place, const char *state, struct error *err)
{
    if (!file_exists(state) && !file_make_folders(state, PRIVATE_MODE, err)) {
        return false;
    }
    place->state = realpath(state, NULL);
    return place->state != NULL || error_set_errno(err, errno, "cannot find the folder %s", state);
}

/* The recorded folder, when root itself wrote the record; else NULL. Gives memory. */
static char *read_record(const struct cluster_place *place)
{
    struct error ignored;
    struct stat info;
    struct buf text;
    if (lstat(place->record, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != 0) {
        return NULL;
    }
    buf_init(&text, RECORD_MAX);
    char *folder = NULL;
    if (file_read(place->record, &text, &ignored)) {
        struct str line = str_trim(buf_str(&text));
        folder = line.len > 0 && line.ptr[0] == '/' ? xmemdup0(line.ptr, line.len) : NULL;
    }
    buf_done(&text);
    return folder;
}

static bool find_for_root(struct cluster_place *place, const struct cluster_settings *settings,
                          struct error *err)
{
    const char *name = settings->os_user == NULL ? "postgres" : settings->os_user;
    const char *system =
        settings->system_folder == NULL ? "/var/lib/gatehouse" : settings->system_folder;
    char *own = file_join(place->state, "postgres");
    struct stat info;
    char hash[HASH_LENGTH + 1];
    if (lstat(own, &info) == 0 && info.st_uid != 0) { /* made before; perhaps by its owner */
        place->folder = own;
        return find_user_by_id(place, info.st_uid, err);
    }
    if (!find_user_by_name(place, name, err)) {
        free(own);
        return false;
    }
    place->folder = read_record(place);
    place->is_recorded = true;
    if (place->folder == NULL && can_hold_socket(own) && is_reachable(place->state, place->uid)) {
        place->folder = own;
        place->is_recorded = false;
        return true;
    }
    free(own);
    if (place->folder == NULL) {
        append_hash(hash, place->state);
        place->folder = xasprintf("%s/postgres-%s", system, hash);
    }
    return true;
}

static bool find_for_user(struct cluster_place *place, struct error *err)
{
    struct stat info;
    char *recorded = read_record(place);
    place->folder = recorded == NULL ? file_join(place->state, "postgres") : recorded;
    uid_t me = geteuid();
    if (!find_user_by_id(place, me, err)) {
        return false;
    }
    if (recorded != NULL || (lstat(place->folder, &info) == 0 && info.st_uid != me)) {
        return error_set(err, ERROR_PERMANENT, "access_denied",
                         "the PostgreSQL cluster of %s (%s) was made by root: use it as root, or "
                         "take another state folder",
                         place->state, place->folder);
    }
    return true;
}

/* Beside the data when the path is short enough for a socket, else below the user's runtime folder
 * or /tmp. */
static char *find_sockets(const struct cluster_place *place)
{
    struct error ignored;
    char hash[HASH_LENGTH + 1];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (can_hold_socket(place->folder)) {
        return xstrdup(place->folder);
    }
    append_hash(hash, place->state);
    if (runtime != NULL && cluster_place_check_private(runtime, place->uid, &ignored)) {
        char *sockets = xasprintf("%s/gatehouse-%s", runtime, hash);
        if (can_hold_socket(sockets)) {
            return sockets;
        }
        free(sockets);
    }
    return xasprintf("/tmp/gatehouse-%ld-%s", (long)place->uid, hash);
}

bool cluster_place_find(struct cluster_place *place, const struct cluster_settings *settings,
                        struct error *err)
{
    *place = (struct cluster_place){0};
    bool is_found = resolve_state(place, settings->state_folder, err);
    if (is_found) {
        place->record = file_join(place->state, "postgres.folder");
        is_found = geteuid() == 0 ? find_for_root(place, settings, err) : find_for_user(place, err);
    }
    if (is_found) {
        place->data = file_join(place->folder, "data");
        place->sockets = find_sockets(place);
    }
    if (!is_found) {
        cluster_place_done(place);
    }
    return is_found;
}

/* ---- making */

bool cluster_place_check_private(const char *path, uid_t uid, struct error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return error_set_errno(err, errno, "cannot look at %s", path);
    }
    if (!S_ISDIR(info.st_mode) || info.st_uid != uid || (info.st_mode & 077) != 0) {
        return error_set(err, ERROR_PERMANENT, "not_private",
                         "%s is not a private folder (mode 0700) of user number %ld: remove it or "
                         "use another state folder",
                         path, (long)uid);
    }
    return true;
}

static bool make_private(const char *path, const struct cluster_place *place, struct error *err)
{
    if (mkdir(path, PRIVATE_MODE) == 0) {
        if (geteuid() != place->uid && lchown(path, place->uid, place->gid) != 0) {
            return error_set_errno(err, errno, "cannot give %s to user %s", path, place->user);
        }
    } else if (errno != EEXIST) {
        return error_set_errno(err, errno, "cannot create the folder %s", path);
    }
    return cluster_place_check_private(path, place->uid, err);
}

static bool make_system_folder(const struct cluster_place *place, struct error *err)
{
    char *system = xmemdup0(place->folder, (size_t)(strrchr(place->folder, '/') - place->folder));
    bool is_made = file_make_folders(system, 0755, err);
    if (is_made && !is_reachable(system, place->uid)) {
        is_made = error_set(err, ERROR_PERMANENT, "access_denied",
                            "user %s, who has to run PostgreSQL, cannot reach %s: chmod a+x it and "
                            "the folders above it",
                            place->user, system);
    }
    char *line = xasprintf("%s\n", place->folder);
    is_made = is_made && file_write(place->record, str_from(line), 0600, err);
    free(line);
    free(system);
    return is_made;
}

bool cluster_place_make(const struct cluster_place *place, struct error *err)
{
    if (place->is_recorded && !make_system_folder(place, err)) {
        return false;
    }
    return make_private(place->folder, place, err) &&
           (strcmp(place->folder, place->sockets) == 0 || make_private(place->sockets, place, err));
}

/* ---- programs */

bool cluster_place_has_programs(const char *folder)
{
    char *initdb = file_join(folder, "initdb");
    char *postgres = file_join(folder, "postgres");
    bool has_both = access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;
    free(initdb);
    free(postgres);
    return has_both;
}

char *cluster_place_find_programs(const struct cluster_settings *settings)
{
    static const char debian[] = "/usr/lib/postgresql/15/bin";
    if (settings->bin_folder != NULL) {
        return xstrdup(settings->bin_folder);
    }
    if (cluster_place_has_programs(debian)) {
        return xstrdup(debian);
    }
    struct str rest = str_from(getenv("PATH"));
    while (rest.len > 0) {
        struct str part = str_split(rest, ':', &rest);
        char *folder = xmemdup0(part.ptr, part.len);
        if (part.len > 0 && cluster_place_has_programs(folder)) {
            return folder;
        }
        free(folder);
    }
    return NULL;
}
