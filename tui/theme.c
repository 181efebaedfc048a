/* Reading themes: roles by name, inheritance from built-in themes. */
#include "tui/theme.h"

#include "core/base/file.h"
#include "core/base/toml.h"

#include <stdio.h>
#include <string.h>

enum { THEME_LIMIT = 1 << 20, DEPTH_MAX = 4 };

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
BUILTIN(mono, "mono");
BUILTIN(high_contrast, "high-contrast");

static const struct {
    const char *name, *text;
} builtin_themes[] = {
    {"terminal16", theme_terminal16_text},
    {"mono", theme_mono_text},
    {"high-contrast", theme_high_contrast_text},
};
enum { BUILTIN_COUNT = sizeof(builtin_themes) / sizeof(builtin_themes[0]) };

static const char *const role_names[ROLE_COUNT] = {
#define X(name, text) text,
    ROLES(X)
#undef X
};

static const char *const color_names[] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
};

static const struct {
    const char *name;
    uint8_t bit;
} attribute_names[] = {{"bold", STYLE_BOLD},
                       {"dim", STYLE_DIM},
                       {"underline", STYLE_UNDERLINE},
                       {"reverse", STYLE_REVERSE}};

const char *role_name(enum role role)
{
    return role_names[role];
}

const char *theme_builtin_name(size_t index)
{
    return index < BUILTIN_COUNT ? builtin_themes[index].name : NULL;
}

/* Where something is wrong. */
struct place {
    const char *path;
    int line;
};

static bool complain(struct error *err, struct place at, const char *what, const char *word)
{
    return error_set(err, ERROR_PERMANENT, "bad_theme", "%s:%d: %s \"%s\"", at.path, at.line, what,
                     word);
}

static bool read_color(const struct json *value, struct place at, int16_t *out_color,
                       struct error *err)
{
    const char *name = NULL;
    if (!json_as_text(value, &name)) {
        return error_set(err, ERROR_PERMANENT, "bad_theme",
                         "%s:%d: a colour is a text such as \"cyan\" or \"default\"", at.path,
                         at.line);
    }
    if (strcmp(name, "default") == 0) {
        *out_color = COLOR_OF_TERMINAL;
        return true;
    }
    for (size_t i = 0; i < sizeof(color_names) / sizeof(color_names[0]); i++) {
        if (strcmp(name, color_names[i]) == 0) {
            *out_color = (int16_t)i;
            return true;
        }
    }
    return complain(err, at, "unknown colour", name);
}

static bool read_attributes(const struct json *list, struct place at, uint8_t *out_bits,
                            struct error *err)
{
    uint8_t bits = 0;
    if (!json_is_array(list)) {
        return error_set(err, ERROR_PERMANENT, "bad_theme",
                         "%s:%d: attributes are a list such as [\"bold\"]", at.path, at.line);
    }
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = "";
        uint8_t bit = 0;
        json_as_text(item, &name);
        for (size_t i = 0; i < sizeof(attribute_names) / sizeof(attribute_names[0]); i++) {
            bit = strcmp(name, attribute_names[i].name) == 0 ? attribute_names[i].bit : bit;
        }
        if (bit == 0) {
            return complain(err, at, "unknown attribute", name);
        }
        bits |= bit;
    }
    *out_bits = bits;
    return true;
}

static bool read_style(const struct json *value, struct place at, struct style *out_style,
                       struct error *err)
{
    struct style style = {COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, 0};
    if (!json_is_object(value)) {
        return error_set(err, ERROR_PERMANENT, "bad_theme",
                         "%s:%d: a role is a table: { fg, bg, attributes }", at.path, at.line);
    }
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        bool is_good = false;
        if (strcmp(json_name(item), "fg") == 0) {
            is_good = read_color(item, at, &style.foreground, err);
        } else if (strcmp(json_name(item), "bg") == 0) {
            is_good = read_color(item, at, &style.background, err);
        } else if (strcmp(json_name(item), "attributes") == 0) {
            is_good = read_attributes(item, at, &style.attributes, err);
        } else {
            is_good = complain(err, at, "unknown key", json_name(item));
        }
        if (!is_good) {
            return false;
        }
    }
    *out_style = style;
    return true;
}

static bool read_roles(const char *path, const struct toml_document *document, struct theme *theme,
                       struct error *err)
{
    const struct json *roles = json_get(document->value, "role");
    const struct json *places = toml_place_member(document->places, "role");
    for (const struct json *item = json_first(roles); item != NULL; item = json_next(item)) {
        size_t role = 0;
        struct place at = {path, toml_place_line(toml_place_member(places, json_name(item)))};
        while (role < ROLE_COUNT && strcmp(role_names[role], json_name(item)) != 0) {
            role++;
        }
        if (role == ROLE_COUNT) {
            const char *near = str_nearest(str_from(json_name(item)), role_names, ROLE_COUNT);
            complain(err, at, "unknown role", json_name(item));
            return near == NULL ? false
                                : error_set(err, ERROR_PERMANENT, "bad_theme",
                                            "%s:%d: unknown role \"%s\"; did you mean \"%s\"?",
                                            at.path, at.line, json_name(item), near);
        }
        if (!read_style(item, at, &theme->roles[role], err)) {
            return false;
        }
    }
    return true;
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

static bool load_text(const char *path, struct str text, struct theme *theme, int depth,
                      struct error *err);

/* Only built-in themes are inherited, so a short chain ends. */
static bool inherit(const char *path, const struct json *root, struct theme *theme, int depth,
                    struct error *err)
{
    const char *base = json_text_or(root, "inherits", "");
    if (*base == '\0') {
        return true;
    }
    const char *text = builtin_text(base);
    if (text == NULL || depth == DEPTH_MAX) {
        return complain(err, (struct place){path, 1}, "cannot inherit", base);
    }
    return load_text(base, str_from(text), theme, depth + 1, err);
}

static bool load_text(const char *path, struct str text, struct theme *theme, int depth,
                      struct error *err)
{
    struct toml_document document;
    int line = 0;
    if (!toml_parse(text, &document, &line, err)) {
        return error_prefix(err, "%s", path);
    }
    bool is_good =
        inherit(path, document.value, theme, depth, err) && read_roles(path, &document, theme, err);
    toml_document_done(&document);
    return is_good;
}

bool theme_load_text(const char *path, struct str text, struct theme *out_theme, struct error *err)
{
    struct theme theme;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        theme.roles[i] = (struct style){COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, 0};
    }
    if (!load_text(path, text, &theme, 0, err)) {
        return false;
    }
    *out_theme = theme;
    return true;
}

bool theme_load(const char *name, struct theme *out_theme, struct error *err)
{
    struct buf text;
    const char *builtin = builtin_text(name);
    if (builtin != NULL) {
        return theme_load_text(name, str_from(builtin), out_theme, err);
    }
    if (strchr(name, '/') == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_theme",
                         "there is no theme \"%s\"; there are terminal16, mono and high-contrast, "
                         "or the path of a file with a slash in it",
                         name);
    }
    buf_init(&text, THEME_LIMIT);
    bool is_good =
        file_read(name, &text, err) && theme_load_text(name, buf_str(&text), out_theme, err);
    buf_done(&text);
    return is_good;
}

void theme_drop_colors(struct theme *theme)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        theme->roles[i].foreground = COLOR_OF_TERMINAL;
        theme->roles[i].background = COLOR_OF_TERMINAL;
    }
}
