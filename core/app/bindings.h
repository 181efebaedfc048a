/* Which keys lead to which action, as configured in [keys]; and what is wrong with that. Pure. */
#ifndef GATEHOUSE_APP_BINDINGS_H
#define GATEHOUSE_APP_BINDINGS_H

#include "core/app/actions.h"
#include "core/app/config.h"
#include "core/app/keys.h"

enum { BINDINGS_PER_ACTION = 16 };

struct binding {
    enum action action;
    size_t index; /* among the keys of its action */
    struct key_chord chord;
};

struct bindings { /* in the order of the actions */
    struct binding *items;
    size_t count;
};

void bindings_init(struct bindings *bindings, const struct config *config);
void bindings_done(struct bindings *bindings);

/* The keys of an action as nobody has changed them: "`k` `Up`" with quote '`'; '\0' is without
 * quotes, and commas between them. */
void bindings_print_default(enum action action, char quote, struct buf *out);

/* Adds a problem for every two actions that would share a key where both work, for every chord
 * behind a key that acts at once, and when no key would leave the console. */
void bindings_check(const struct config *config, struct problems *problems);

/* The value of a key of [keys] as it is kept, an array of chords: from a chord, from "none", or
 * from an array of chords. NULL with err ("bad_value"). */
struct json *bindings_value(const struct json *json, struct error *err);

#endif
