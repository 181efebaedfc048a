/* One theme file: its palette and its roles. */
#include "tui/theme_internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t bit;
} attribute_names[] = {{"bold", STYLE_BOLD},
                       {"dim", STYLE_DIM},
                       {"underline", STYLE_UNDERLINE},
                       {"reverse", STYLE_REVERSE}};
enum { ATTRIBUTE_COUNT = sizeof(attribute_names) / sizeof(attribute_names[0]) };

struct theme_place theme_place_of(const char *path, const struct json *place)
{
    struct theme_place at = {.line = toml_place_line(place)};
    size_t len = strlen(path);
    size_t skip = len >= sizeof(at.path) ? len - sizeof(at.path) + 1 : 0;
    snprintf(at.path, sizeof(at.path), "%s", path + skip);
    return at;
}

bool theme_refuse(struct error *err, const struct theme_place *at, const char *what,
                  const char *word)
{
    return error_set(err, ERROR_PERMANENT, "bad_theme", "%s:%d: %s \"%s\"", at->path, at->line,
                     what, word);
}

static bool refuse_form(struct error *err, const struct theme_place *at, const char *sentence)
{
    return error_set(err, ERROR_PERMANENT, "bad_theme", "%s:%d: %s", at->path, at->line, sentence);
}

/* ---- colours */
static bool read_form(const struct json *value, const struct theme_place *at, color_t *out_color,
                      struct error *err)
{
    const char *text = NULL;
    int64_t index = 0;
    if (json_as_int(value, &index) && index >= 0 && index < COLOR_PALETTE) {
        *out_color = (color_t)index;
        return true;
    }
    if (!json_as_text(value, &text)) {
        return refuse_form(err, at,
                           "a colour is \"cyan\", \"default\", \"#rrggbb\", 0 to 255, or a table "
                           "of these: { truecolor, 256, 16 }");
    }
    return color_from_text(str_from(text), out_color) ||
           theme_refuse(err, at, "unknown colour", text);
}

/* { truecolor = "#268bd2", 256 = 33, 16 = "blue" }: what is left out is the nearest. */
static bool read_forms(const struct json *table, const struct theme_place *at,
                       struct color *out_color, struct error *err)
{
    bool has[3] = {false, false, false};
    static const char *const names[3] = {"truecolor", "256", "16"};
    color_t forms[3] = {COLOR_OF_TERMINAL, COLOR_OF_TERMINAL, COLOR_OF_TERMINAL};
    for (const struct json *item = json_first(table); item != NULL; item = json_next(item)) {
        size_t form = 0;
        while (form < 3 && strcmp(json_name(item), names[form]) != 0) {
            form++;
        }
        if (form == 3) {
            return theme_refuse(err, at, "a colour has the forms truecolor, 256 and 16, not",
                                json_name(item));
        }
        if (!read_form(item, at, &forms[form], err)) {
            return false;
        }
        has[form] = true;
    }
    if (!has[0] && !has[1] && !has[2]) {
        return refuse_form(err, at, "a colour needs one of its forms: truecolor, 256, 16");
    }
    if ((has[1] && forms[1] >= COLOR_PALETTE) || (has[2] && forms[2] >= COLOR_BASIC)) {
        return refuse_form(err, at,
                           "the form 256 is a number of the palette, the form 16 a name such as "
                           "\"cyan\"");
    }
    struct color color = color_of(forms[has[0] ? 0 : has[1] ? 1 : 2]);
    color.at_256 = has[1] ? forms[1] : color.at_256;
    color.at_16 = has[2] ? forms[2] : has[1] && !has[0] ? color_of(forms[1]).at_16 : color.at_16;
    *out_color = color;
    return true;
}

static bool read_color(const struct json *value, const struct theme_place *at,
                       struct color *out_color, struct error *err)
{
    color_t one = COLOR_OF_TERMINAL;
    if (json_is_object(value)) {
        return read_forms(value, at, out_color, err);
    }
    if (!read_form(value, at, &one, err)) {
        return false;
    }
    *out_color = color_of(one);
    return true;
}

/* A name is kept: a later file may give it another colour. */
static bool read_paint(const struct json *value, const struct theme_place *at,
                       struct theme_paint *out_paint, struct error *err)
{
    const char *text = NULL;
    struct theme_paint paint = {.kind = PAINT_COLOR};
    if (json_as_text(value, &text) && *text != '#' && strlen(text) < THEME_NAME_SIZE) {
        paint.kind = PAINT_NAME;
        snprintf(paint.named.name, THEME_NAME_SIZE, "%s", text);
    } else if (!read_color(value, at, &paint.named.color, err)) {
        return false;
    }
    *out_paint = paint;
    return true;
}

struct theme_color *theme_find_color(struct theme_draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->palette_count; i++) {
        if (strcmp(draft->palette[i].name, name) == 0) {
            return &draft->palette[i];
        }
    }
    return NULL;
}

static bool read_palette(const char *path, const struct toml_document *document,
                         struct theme_draft *draft, struct error *err)
{
    const struct json *palette = json_get(document->value, "palette");
    const struct json *places = toml_place_member(document->places, "palette");
    for (const struct json *item = json_first(palette); item != NULL; item = json_next(item)) {
        struct theme_place at = theme_place_of(path, toml_place_member(places, json_name(item)));
        struct theme_color *known = theme_find_color(draft, json_name(item));
        if (known == NULL && draft->palette_count < THEME_PALETTE_MAX &&
            strlen(json_name(item)) < THEME_NAME_SIZE) {
            known = &draft->palette[draft->palette_count++];
            snprintf(known->name, THEME_NAME_SIZE, "%s", json_name(item));
        }
        if (known == NULL) {
            return theme_refuse(err, &at, "a palette has at most 64 names of 31 bytes; too much is",
                                json_name(item));
        }
        if (!read_color(item, &at, &known->color, err)) {
            return false;
        }
    }
    return true;
}

/* ---- roles */
static bool read_attributes(const struct json *list, const struct theme_place *at,
                            uint8_t *out_bits, struct error *err)
{
    uint8_t bits = 0;
    if (!json_is_array(list)) {
        return refuse_form(err, at, "attributes are a list such as [\"bold\"]");
    }
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = "";
        uint8_t bit = 0;
        json_as_text(item, &name);
        for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
            bit = strcmp(name, attribute_names[i].name) == 0 ? attribute_names[i].bit : bit;
        }
        if (bit == 0) {
            return theme_refuse(err, at, "unknown attribute", name);
        }
        bits |= bit;
    }
    *out_bits = bits;
    return true;
}

void theme_print_attributes(uint8_t attributes, struct buf *out)
{
    const char *between = "";
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if ((attributes & attribute_names[i].bit) != 0) {
            buf_printf(out, "%s%s", between, attribute_names[i].name);
            between = ", ";
        }
    }
    buf_append_text(out, attributes == 0 ? "none" : "");
}

static bool read_style_key(const struct json *item, struct theme_role *role, struct error *err)
{
    const char *key = json_name(item);
    if (strcmp(key, "fg") == 0) {
        return read_paint(item, &role->place, &role->foreground, err);
    }
    if (strcmp(key, "bg") == 0) {
        return read_paint(item, &role->place, &role->background, err);
    }
    if (strcmp(key, "attributes") == 0) {
        return read_attributes(item, &role->place, &role->attributes, err);
    }
    if (strcmp(key, "mono") == 0) {
        role->has_mono = true;
        return read_attributes(item, &role->place, &role->mono, err);
    }
    return theme_refuse(err, &role->place, "a role has fg, bg, attributes and mono, not", key);
}

/* The whole role is replaced, but for its attribute in monochrome, which must never get lost. */
static bool read_role(const struct json *value, const struct theme_place *at,
                      struct theme_role *out_role, struct error *err)
{
    struct theme_role role = {
        .place = *at, .is_set = true, .mono = out_role->mono, .has_mono = out_role->has_mono};
    if (!json_is_object(value)) {
        return refuse_form(err, at, "a role is a table: { fg, bg, attributes, mono }");
    }
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        if (!read_style_key(item, &role, err)) {
            return false;
        }
    }
    *out_role = role;
    return true;
}

static void warn_about_role(struct theme_draft *draft, const struct theme_place *at,
                            const char *name)
{
    const char *names[ROLE_COUNT];
    for (int i = 0; i < ROLE_COUNT; i++) {
        names[i] = role_name((enum role)i);
    }
    const char *near = str_nearest(str_from(name), names, ROLE_COUNT);
    problems_add_at(draft->warnings, at->path, at->line, "unknown role \"%s\"%s%s%s", name,
                    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                    near == NULL ? "" : "\"?");
}

static bool read_roles(const char *path, const struct toml_document *document,
                       struct theme_draft *draft, struct error *err)
{
    const struct json *roles = json_get(document->value, "role");
    const struct json *places = toml_place_member(document->places, "role");
    for (const struct json *item = json_first(roles); item != NULL; item = json_next(item)) {
        size_t role = 0;
        struct theme_place at = theme_place_of(path, toml_place_member(places, json_name(item)));
        while (role < ROLE_COUNT && strcmp(role_name((enum role)role), json_name(item)) != 0) {
            role++;
        }
        if (role == ROLE_COUNT) {
            warn_about_role(draft, &at, json_name(item));
        } else if (!read_role(item, &at, &draft->roles[role], err)) {
            return false;
        }
    }
    return true;
}

static bool check_sections(const char *path, const struct toml_document *document,
                           struct error *err)
{
    for (const struct json *item = json_first(document->value); item != NULL;
         item = json_next(item)) {
        const char *name = json_name(item);
        struct theme_place at = theme_place_of(path, toml_place_member(document->places, name));
        bool is_section = strcmp(name, "palette") == 0 || strcmp(name, "role") == 0;
        if (!is_section && strcmp(name, "inherits") != 0) {
            return theme_refuse(err, &at, "a theme has inherits, [palette] and [role], not", name);
        }
        if (is_section != json_is_object(item) || (!is_section && !json_is_string(item))) {
            return refuse_form(err, &at,
                               is_section ? "palette and role are sections: [palette], [role]"
                                          : "inherits is the name of a theme");
        }
    }
    return true;
}

bool theme_read(const char *path, const struct toml_document *document, struct theme_draft *draft,
                struct error *err)
{
    return check_sections(path, document, err) && read_palette(path, document, draft, err) &&
           read_roles(path, document, draft, err);
}
