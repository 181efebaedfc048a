/* The file behind an edit: reading, showing and replacing it. */
#include "core/app/config_edit.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 4 << 20, OWN_MODE = 0600, FOLDER_MODE = 0700 };

static bool read_text(const char *path, char **out_text, struct error *err)
{
    struct buf text;
    buf_init(&text, FILE_LIMIT);
    if (!file_read(path, &text, err)) {
        buf_done(&text);
        return false;
    }
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL) {
        buf_done(&text);
        return error_set(err, ERROR_PERMANENT, "bad_edit", "%s holds NUL bytes", path);
    }
    buf_append_text(&text, ""); /* an empty file is a text, too */
    *out_text = buf_take(&text);
    return true;
}

static bool read_file(const char *path, struct config_edit *edit, struct error *err)
{
    struct stat status;
    char *real = realpath(path, NULL);
    edit->is_new = real == NULL && errno == ENOENT && file_is_absent(path);
    if (edit->is_new) {
        edit->path = xstrdup(path);
        edit->before = xstrdup("");
        edit->mode = OWN_MODE;
        return true;
    }
    edit->path = real == NULL ? xstrdup(path) : xstrdup(real);
    free(real);
    if (stat(edit->path, &status) != 0) {
        return error_set_errno(err, errno, "%s", path);
    }
    edit->mode = status.st_mode & 07777;
    if (status.st_uid != geteuid()) {
        return error_set(err, ERROR_PERMANENT, "bad_edit",
                         "%s belongs to another user; put a configuration of your own into "
                         "~/.config/gatehouse/config.toml",
                         edit->path);
    }
    return read_text(edit->path, &edit->before, err);
}

bool config_edit_plan(const char *path, const struct config_change *changes, size_t count,
                      struct config_edit *out_edit, struct error *err)
{
    struct config_edit edit = {.path = NULL};
    struct buf after;
    buf_init(&after, FILE_LIMIT);
    bool is_good = read_file(path, &edit, err) &&
                   config_edit_text(str_from(edit.before), changes, count, &after, err);
    if (is_good && after.is_overflowed) {
        is_good = error_set(err, ERROR_PERMANENT, "too_large", "%s would be too large", path);
    }
    if (is_good) {
        edit.after = xstrdup(buf_text(&after));
        *out_edit = edit;
    } else {
        config_edit_done(&edit);
    }
    buf_done(&after);
    return is_good;
}

void config_edit_done(struct config_edit *edit)
{
    free(edit->path);
    free(edit->before);
    free(edit->after);
    *edit = (struct config_edit){.path = NULL};
}

/* ---- what changes */
static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; count++) {
        const char *end = strchr(text, '\n');
        text = end == NULL ? text + strlen(text) : end + 1;
    }
    return count;
}

static struct str *split_lines(const char *text, size_t count)
{
    struct str *lines = xcalloc(count + 1, sizeof(*lines));
    struct str rest = str_from(text);
    for (size_t i = 0; i < count; i++) {
        lines[i] = str_trim(str_split(rest, '\n', &rest));
    }
    return lines;
}

static void print_line(char sign, size_t number, struct str line, struct buf *out)
{
    buf_printf(out, "%c %4zu  ", sign, number);
    buf_append_str(out, line);
    buf_append_char(out, '\n');
}

/* An edit replaces lines and adds lines, so the next equal line is never far: what differs is shown
 * until the texts agree again. */
void config_edit_print_lines(const struct config_edit *edit, struct buf *out)
{
    size_t old_count = count_lines(edit->before), new_count = count_lines(edit->after);
    struct str *old = split_lines(edit->before, old_count);
    struct str *new = split_lines(edit->after, new_count);
    size_t i = 0, j = 0;
    while (j < new_count) {
        bool is_same = i < old_count && str_eq(old[i], new[j]);
        bool is_replaced = !is_same && i < old_count && new_count - j == old_count - i;
        bool is_replaced_before_added =
            !is_same && i + 1 < old_count && j + 1 < new_count && str_eq(old[i + 1], new[j + 1]);
        if (is_replaced || is_replaced_before_added) {
            print_line('-', i + 1, old[i], out);
            i++;
        }
        if (is_same) {
            i++;
        } else {
            print_line('+', j + 1, new[j], out);
        }
        j++;
    }
    free(old);
    free(new);
}

/* ---- writing */
static bool is_unchanged(const struct config_edit *edit, struct error *err)
{
    char *now = NULL;
    bool is_same = false;
    if (edit->is_new) {
        is_same = file_is_absent(edit->path);
    } else if (!read_text(edit->path, &now, err)) {
        return false;
    } else {
        is_same = str_eq(str_from(now), str_from(edit->before));
    }
    free(now);
    return is_same || error_set(err, ERROR_PERMANENT, "bad_edit",
                                "%s has changed meanwhile; nothing was written", edit->path);
}

static bool make_folder(const char *path, struct error *err)
{
    char *folder = xstrdup(path);
    char *slash = strrchr(folder, '/');
    bool is_good = true;
    if (slash != NULL && slash != folder) {
        *slash = '\0';
        is_good = file_make_folders(folder, FOLDER_MODE, err);
    }
    free(folder);
    return is_good;
}

bool config_edit_write(const struct config_edit *edit, struct error *err)
{
    return is_unchanged(edit, err) && (!edit->is_new || make_folder(edit->path, err)) &&
           file_write(edit->path, str_from(edit->after), edit->mode, err);
}
