/* What reading a theme's file and putting the chain of them together share. */
#ifndef GATEHOUSE_TUI_THEME_INTERNAL_H
#define GATEHOUSE_TUI_THEME_INTERNAL_H

#include "core/base/toml.h"
#include "tui/theme.h"

enum { THEME_PALETTE_MAX = 64, THEME_NAME_SIZE = 32 };

/* Where something is said. */
struct theme_place {
    char path[256]; /* cut at its front when longer */
    int line;
};

struct theme_color {
    char name[THEME_NAME_SIZE];
    struct color color;
};

/* A colour of a role: nothing said, a colour, or a name to be looked up at the end. */
struct theme_paint {
    enum { PAINT_UNSET, PAINT_COLOR, PAINT_NAME } kind;
    struct theme_color named;
};

struct theme_role {
    struct theme_place place;
    struct theme_paint foreground, background;
    uint8_t attributes, mono;
    bool is_set, has_mono;
};

struct theme_draft {
    struct theme_role roles[ROLE_COUNT];
    struct theme_color palette[THEME_PALETTE_MAX];
    size_t palette_count;
    const char *folder; /* borrowed */
    struct problems *warnings;
};

/* Reads [palette] and [role] of one file over what the draft holds. */
bool theme_read(const char *path, const struct toml_document *document, struct theme_draft *draft,
                struct error *err);
struct theme_place theme_place_of(const char *path, const struct json *place);
/* False with "path:line: what "word"". */
bool theme_refuse(struct error *err, const struct theme_place *at, const char *what,
                  const char *word);
struct theme_color *theme_find_color(struct theme_draft *draft, const char *name);

#endif
