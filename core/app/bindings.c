/* [keys]: reading its values, and looking for conflicts among all of them. */
#include "core/app/bindings.h"

#include "core/app/config_value.h"
#include "core/base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHORD_TEXT_MAX = 128 };

/* ---- one value */
static bool check_chord(const struct json *item, struct error *err)
{
    struct key_chord chord;
    const char *text = NULL;
    if (!json_as_text(item, &text)) {
        return error_set(err, ERROR_PERMANENT, "bad_value",
                         "must be a key such as \"x\", a list of keys, or \"none\"");
    }
    return key_chord_parse(str_from(text), &chord, err);
}

struct json *bindings_value(const struct json *json, struct error *err)
{
    const char *text = NULL;
    struct json *array = json_array();
    if (json_as_text(json, &text) && strcmp(text, "none") == 0) {
        return array;
    }
    bool is_list = json_is_array(json);
    size_t count = 0;
    for (const struct json *item = is_list ? json_first(json) : json; item != NULL;
         item = is_list ? json_next(item) : NULL) {
        bool is_good = check_chord(item, err);
        if (is_good && ++count > BINDINGS_PER_ACTION) {
            is_good = error_set(err, ERROR_PERMANENT, "bad_value", "has more than %d keys",
                                BINDINGS_PER_ACTION);
        }
        if (!is_good) {
            json_free(array);
            return NULL;
        }
        json_append(array, json_copy(item));
    }
    return array;
}

/* ---- all of them */
static void add_bindings(struct bindings *bindings, enum action action, const struct json *chords)
{
    size_t index = 0;
    for (const struct json *item = json_first(chords); item != NULL; item = json_next(item)) {
        struct binding *binding = &bindings->items[bindings->count++];
        struct error err;
        const char *text = "";
        json_as_text(item, &text);
        *binding = (struct binding){.action = action, .index = index};
        index++;
        bool is_good = key_chord_parse(str_from(text), &binding->chord, &err);
        assert(is_good); /* bindings_value has looked at it */
    }
}

void bindings_init(struct bindings *bindings, const struct config *config)
{
    *bindings = (struct bindings){.count = 0};
    bindings->items = xcalloc((size_t)ACTION_COUNT * BINDINGS_PER_ACTION, sizeof(*bindings->items));
    for (int i = 0; i < ACTION_COUNT; i++) {
        add_bindings(bindings, (enum action)i,
                     config->values[config_key_of_action((enum action)i)].value);
    }
}

void bindings_done(struct bindings *bindings)
{
    free(bindings->items);
    *bindings = (struct bindings){.count = 0};
}

void bindings_print_default(enum action action, char quote, struct buf *out)
{
    struct error err;
    const struct config_key *key = config_key(config_key_of_action(action));
    struct json *chords = config_value_from_text(key, str_from(key->fallback), &err);
    const struct json *first = json_first(chords);
    const char quotes[] = {quote, '\0'};
    for (const struct json *item = first; item != NULL; item = json_next(item)) {
        const char *text = "";
        json_as_text(item, &text);
        buf_printf(out, "%s%s%s%s",
                   item == first   ? ""
                   : quote == '\0' ? ", "
                                   : " ",
                   quotes, text, quotes);
    }
    json_free(chords);
}

/* The configured one of two is to blame; what is wrong stands where it was written. */
static void complain(const struct config *config, const struct binding *a, const struct binding *b,
                     struct problems *problems)
{
    const struct config_value *of_a = &config->values[config_key_of_action(a->action)];
    bool is_a_blamed = strcmp(of_a->origin, "default") != 0;
    const struct binding *blamed = is_a_blamed ? a : b, *other = is_a_blamed ? b : a;
    unsigned shared = action_spec(a->action)->places & action_spec(b->action)->places;
    struct buf keys, others;
    buf_init(&keys, CHORD_TEXT_MAX);
    buf_init(&others, CHORD_TEXT_MAX);
    key_chord_print(&blamed->chord, &keys);
    key_chord_print(&other->chord, &others);
    const char *why = key_chord_eq(&blamed->chord, &other->chord) ? "is also"
                      : key_chord_begins(&blamed->chord, &other->chord)
                          ? "would never be reached: its beginning is"
                          : "would keep a longer one from being reached; that is";
    problems_add(problems,
                 "%s: keys.%s: \"%s\" %s keys.%s = \"%s\" (%s) in the view \"%s\"; choose another "
                 "key for one of them, or \"none\"",
                 config->values[config_key_of_action(blamed->action)].origin,
                 action_spec(blamed->action)->name, buf_text(&keys), why,
                 action_spec(other->action)->name, buf_text(&others),
                 config->values[config_key_of_action(other->action)].origin,
                 place_name((enum place)(shared & -shared)));
    buf_done(&keys);
    buf_done(&others);
}

static bool is_in_conflict(const struct binding *a, const struct binding *b)
{
    return (action_spec(a->action)->places & action_spec(b->action)->places) != 0 &&
           (key_chord_eq(&a->chord, &b->chord) || key_chord_begins(&a->chord, &b->chord) ||
            key_chord_begins(&b->chord, &a->chord));
}

static bool is_way_out(enum action action)
{
    return action == ACTION_QUIT || action == ACTION_DETACH || action == ACTION_LEAVE;
}

void bindings_check(const struct config *config, struct problems *problems)
{
    struct bindings bindings;
    bool can_leave = false;
    bindings_init(&bindings, config);
    for (size_t i = 0; i < bindings.count; i++) {
        can_leave = can_leave || is_way_out(bindings.items[i].action);
        for (size_t j = i + 1; j < bindings.count; j++) {
            if (is_in_conflict(&bindings.items[i], &bindings.items[j])) {
                complain(config, &bindings.items[i], &bindings.items[j], problems);
            }
        }
    }
    if (!can_leave) {
        problems_add(problems, "%s: keys.quit: the console could not be left; keep a key for it",
                     config->values[config_key_of_action(ACTION_QUIT)].origin);
    }
    bindings_done(&bindings);
}
