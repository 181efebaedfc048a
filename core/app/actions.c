/* The table of actions. */
#include "core/app/actions.h"

#include <assert.h>
#include <stddef.h>

const struct action_spec *action_spec(enum action action)
{
    static const struct action_spec actions[ACTION_COUNT] = {
#define X(id, name, keys, places, group, operands, hint, sentence)                                 \
    {#name, keys, places, ACTION_GROUP_##group, operands, hint, sentence},
        ACTIONS(X)
#undef X
    };
    assert(action < ACTION_COUNT);
    return &actions[action];
}

const char *action_group_title(enum action_group group)
{
    static const char *const titles[ACTION_GROUP_COUNT] = {
#define X(id, title) title,
        ACTION_GROUPS(X)
#undef X
    };
    return titles[group];
}

bool action_changes_run(enum action action)
{
    return action_spec(action)->group == ACTION_GROUP_COMMANDS;
}

const char *place_name(enum place place)
{
    static const char *const names[PLACE_COUNT] = {
#define X(id, name) name,
        PLACES(X)
#undef X
    };
    size_t index = 0;
    while (index + 1 < PLACE_COUNT && ((unsigned)place >> (index + 1)) != 0) {
        index++;
    }
    return names[index];
}
