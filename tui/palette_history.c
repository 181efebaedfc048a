/* The palette's history on disk: a line a line, the newest last. */
#include "tui/palette.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = PALETTE_HISTORY_MAX * LINE_SIZE * 4, FILE_MODE = 0600 };

static void forget(struct palette *palette, size_t index)
{
    free(palette->history[index]);
    palette->history_count--;
    memmove(&palette->history[index], &palette->history[index + 1],
            (palette->history_count - index) * sizeof(palette->history[0]));
}

static void add(struct palette *palette, struct str line)
{
    if (line.len == 0 || line.len >= LINE_SIZE) {
        return;
    }
    for (size_t i = 0; i < palette->history_count; i++) {
        if (str_eq(line, str_from(palette->history[i]))) {
            forget(palette, i);
            break;
        }
    }
    if (palette->history_count == PALETTE_HISTORY_MAX) {
        forget(palette, 0);
    }
    palette->history[palette->history_count++] = xmemdup0(line.ptr, line.len);
}

bool palette_load_history(struct palette *palette, const char *path, struct error *err)
{
    struct buf text;
    if (file_is_absent(path)) {
        return true;
    }
    buf_init(&text, FILE_MAX);
    bool is_good = file_read(path, &text, err);
    struct str rest = is_good ? buf_str(&text) : STR("");
    while (rest.len > 0) {
        add(palette, str_split(rest, '\n', &rest));
    }
    buf_done(&text);
    return is_good;
}

bool palette_remember(struct palette *palette, const char *path, const char *line,
                      struct error *err)
{
    struct buf text;
    struct str typed = str_trim(str_from(line));
    if (typed.len == 0) {
        return true;
    }
    char *copy = xmemdup0(typed.ptr, typed.len); /* it may be a line of the history */
    bool is_good = palette_load_history(palette, path, err);
    add(palette, str_from(copy));
    free(copy);
    buf_init(&text, FILE_MAX);
    for (size_t i = 0; i < palette->history_count; i++) {
        buf_printf(&text, "%s\n", palette->history[i]);
    }
    is_good = is_good && file_write(path, buf_str(&text), FILE_MODE, err);
    buf_done(&text);
    return is_good;
}
