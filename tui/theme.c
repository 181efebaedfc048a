/* Reading themes: a chain of files from the first ancestor to the theme itself, in which later ones
 * replace colours of the palette and whole roles; names become colours when all are read. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tui/theme_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THEME_LIMIT = 1 << 20, DEPTH_MAX = 8 };

/* The files of themes/ become part of the program. */
#define BUILTIN(id, name)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".global theme_" #id "_text\n"                                                         \
            "theme_" #id "_text:\n"                                                                \
            ".incbin \"themes/" name ".toml\"\n"                                                   \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char theme_##id##_text[]
BUILTIN(terminal16, "terminal16");
BUILTIN(dark, "dark");
BUILTIN(light, "light");
BUILTIN(high_contrast, "high-contrast");
BUILTIN(color_blind, "color-blind");
BUILTIN(mono, "mono");
BUILTIN(solarized_dark, "solarized-dark");
BUILTIN(solarized_light, "solarized-light");

static const struct {
    const char *name, *text;
} builtin_themes[] = {
    {"terminal16", theme_terminal16_text},
    {"dark", theme_dark_text},
    {"light", theme_light_text},
    {"high-contrast", theme_high_contrast_text},
    {"color-blind", theme_color_blind_text},
    {"mono", theme_mono_text},
    {"solarized-dark", theme_solarized_dark_text},
    {"solarized-light", theme_solarized_light_text},
};
enum { BUILTIN_COUNT = sizeof(builtin_themes) / sizeof(builtin_themes[0]) };

static const char *const role_names[ROLE_COUNT] = {
#define X(name, text) text,
    ROLES(X)
#undef X
};

const char *role_name(enum role role)
{
    return role_names[role];
}

const char *theme_builtin_name(size_t index)
{
    return index < BUILTIN_COUNT ? builtin_themes[index].name : NULL;
}

static const char *builtin_text(const char *name)
{
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        if (strcmp(name, builtin_themes[i].name) == 0) {
            return builtin_themes[i].text;
        }
    }
    return NULL;
}

/* ---- files */
static bool load_name(const char *name, struct theme_draft *draft, int depth, struct error *err);

static bool load_text(const char *path, struct str text, struct theme_draft *draft, int depth,
                      struct error *err)
{
    struct toml_document document;
    int line = 0;
    if (!toml_parse(text, &document, &line, err)) {
        return error_prefix(err, "%s:%d", path, line);
    }
    const char *base = json_text_or(document.value, "inherits", "");
    struct theme_place at = theme_place_of(path, toml_place_member(document.places, "inherits"));
    bool is_good = true;
    if (*base != '\0') {
        is_good = (depth < DEPTH_MAX ||
                   theme_refuse(err, &at, "this chain of themes has no end:", base)) &&
                  (load_name(base, draft, depth + 1, err) ||
                   error_prefix(err, "%s:%d: inherits", at.path, at.line));
    }
    is_good = is_good && theme_read(path, &document, draft, err);
    toml_document_done(&document);
    return is_good;
}

char *theme_path(const char *name, const char *folder)
{
    if (builtin_text(name) != NULL) {
        return NULL;
    }
    if (strchr(name, '/') != NULL) {
        return xstrdup(name);
    }
    return folder == NULL ? NULL : xasprintf("%s/%s.toml", folder, name);
}

static bool refuse_name(const char *name, const char *path, struct error *err)
{
    struct buf known;
    buf_init(&known, THEME_LIMIT);
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", builtin_themes[i].name);
    }
    error_set(err, ERROR_PERMANENT, "bad_theme",
              "there is no theme \"%s\" (no %s); there are %s, or the path of a file with a slash "
              "in it",
              name, path == NULL ? "folder for themes" : path, buf_text(&known));
    buf_done(&known);
    return false;
}

static bool load_name(const char *name, struct theme_draft *draft, int depth, struct error *err)
{
    struct buf text;
    const char *builtin = builtin_text(name);
    if (builtin != NULL) {
        return load_text(name, str_from(builtin), draft, depth, err);
    }
    char *path = theme_path(name, draft->folder);
    bool is_named = strchr(name, '/') == NULL; /* only that can be a misspelling */
    bool is_good = false;
    buf_init(&text, THEME_LIMIT);
    if (is_named && (path == NULL || file_is_absent(path))) {
        refuse_name(name, path, err);
    } else {
        is_good = file_read(path, &text, err) && load_text(path, buf_str(&text), draft, depth, err);
    }
    buf_done(&text);
    free(path);
    return is_good;
}

/* ---- from drafts to a theme */
static bool resolve_paint(struct theme_draft *draft, const struct theme_role *role,
                          const struct theme_paint *paint, struct color *color, struct error *err)
{
    color_t basic = COLOR_OF_TERMINAL;
    if (paint->kind == PAINT_COLOR) {
        *color = paint->named.color;
    } else if (paint->kind == PAINT_NAME) {
        const struct theme_color *known = theme_find_color(draft, paint->named.name);
        if (known == NULL && !color_from_text(str_from(paint->named.name), &basic)) {
            return theme_refuse(err, &role->place, "unknown colour", paint->named.name);
        }
        *color = known == NULL ? color_of(basic) : known->color;
    }
    return true;
}

/* What a role does not say it has from "text". */
static bool resolve_role(struct theme_draft *draft, enum role role, const struct style *text,
                         struct style *out_style, struct error *err)
{
    const struct theme_role *from = &draft->roles[role];
    struct style style = {
        .foreground = text->foreground,
        .background = text->background,
        .attributes = from->attributes,
        .mono = from->has_mono ? from->mono : from->attributes,
        .is_set = from->is_set,
        .has_mono = from->has_mono,
    };
    if (!resolve_paint(draft, from, &from->foreground, &style.foreground, err) ||
        !resolve_paint(draft, from, &from->background, &style.background, err)) {
        return false;
    }
    *out_style = style;
    return true;
}

static bool resolve(struct theme_draft *draft, struct theme *out_theme, struct error *err)
{
    struct theme theme;
    struct style plain = {.foreground = color_of(COLOR_OF_TERMINAL),
                          .background = color_of(COLOR_OF_TERMINAL)};
    if (!resolve_role(draft, ROLE_TEXT, &plain, &plain, err)) {
        return false;
    }
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (!resolve_role(draft, (enum role)i, &plain, &theme.roles[i], err)) {
            return false;
        }
    }
    *out_theme = theme;
    return true;
}

bool theme_load_text(const char *path, struct str text, struct theme *out_theme,
                     struct problems *warnings, struct error *err)
{
    struct theme_draft *draft = xcalloc(1, sizeof(*draft));
    draft->warnings = warnings;
    bool is_good = load_text(path, text, draft, 0, err) && resolve(draft, out_theme, err);
    free(draft);
    return is_good;
}

bool theme_load(const char *name, const char *folder, struct theme *out_theme,
                struct problems *warnings, struct error *err)
{
    struct theme_draft *draft = xcalloc(1, sizeof(*draft));
    draft->warnings = warnings;
    draft->folder = folder;
    bool is_good = load_name(name, draft, 0, err) && resolve(draft, out_theme, err);
    free(draft);
    return is_good;
}

/* ---- looks */
static struct look monochrome(const struct style *style)
{
    return (struct look){COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, style->mono};
}

struct look theme_look(const struct theme *theme, enum role role, enum color_depth depth)
{
    const struct style *style = &theme->roles[role];
    if (depth == COLOR_DEPTH_NONE) {
        return monochrome(style);
    }
    struct look look = {color_at(&style->foreground, depth), color_at(&style->background, depth),
                        style->attributes};
    if (depth == COLOR_DEPTH_8) {
        look.attributes |= look.foreground >= 8 ? STYLE_BOLD : 0;
        look.foreground -= look.foreground >= 8 ? 8 : 0;
        look.background -= look.background >= 8 ? 8 : 0;
    }
    if (look.foreground == COLOR_OF_BLACK) {
        look.attributes &= (uint8_t)~STYLE_BOLD;
    }
    /* Without a colour, or where both became one, attributes have to tell it all. */
    return look.foreground == look.background ? monochrome(style) : look;
}
