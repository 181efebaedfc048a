/* Changing keys of a configuration file without touching anything else in it: comments, order,
 * blanks and line ends stay. What comes out is read again before anybody may write it. Blocking,
 * short. */
#ifndef GATEHOUSE_APP_CONFIG_EDIT_H
#define GATEHOUSE_APP_CONFIG_EDIT_H

#include "core/app/config.h"

#include <sys/types.h>

struct config_change { /* borrowed */
    enum config_id id;
    const struct json *value; /* as the configuration keeps it */
};

/* Appends `text` with the changes made. False with err ("bad_edit" or "bad_toml") when the text is
 * no TOML, or when the result would not be the old document with just these keys changed: then out
 * is not to be used. Pure. */
bool config_edit_text(struct str text, const struct config_change *changes, size_t count,
                      struct buf *out, struct error *err);

/* A file and what it is to become. */
struct config_edit {
    char *path; /* the file itself, symbolic links followed; owned, like the texts */
    char *before, *after;
    mode_t mode;
    bool is_new; /* there is no such file yet */
};
/* Reads the file (absent: as if it were empty). Gives nothing on failure. */
bool config_edit_plan(const char *path, const struct config_change *changes, size_t count,
                      struct config_edit *out_edit, struct error *err);
/* Lines that go away with "- ", lines that come with "+ " in front, each with its number. */
void config_edit_print_lines(const struct config_edit *edit, struct buf *out);
/* Replaces the file, unless it is not ours or has changed since it was read; nothing is written
 * then. */
bool config_edit_write(const struct config_edit *edit, struct error *err);
void config_edit_done(struct config_edit *edit);

#endif
