/* The effective configuration: defaults, file, environment and --set put over each other, checked
 * as a whole, with where each value came from; and the pipeline made from it. Blocking, short. */
#ifndef GATEHOUSE_APP_CONFIG_H
#define GATEHOUSE_APP_CONFIG_H

#include "core/app/config_keys.h"
#include "core/app/problems.h"
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/run/dag.h"

#include <stdbool.h>
#include <stdint.h>

struct config_request {          /* everything borrowed for the call */
    const char *path;            /* of --config; NULL: search */
    const char *state_folder;    /* of --state-dir; NULL: none */
    const char *const *settings; /* "section.key=value" of --set */
    size_t setting_count;
    const char *const *environment; /* NULL-terminated "NAME=value"; NULL: empty */
};

struct config_value {
    struct json *value; /* as enum config_type says */
    char *origin;       /* "default", "config.toml:12", "GATEHOUSE_DATA_RAW_BUCKET", "--set" */
};

struct config {
    char *path; /* of the file that was read; NULL: none */
    struct config_value values[CONFIG_KEY_COUNT];
    struct json *rules; /* array of gate rules */
    char *rules_origin;
    bool are_rules_good; /* if not, stages that refer to them cannot be judged */
    struct json
        *stages; /* array of stages as in the dag's JSON, configuration references resolved */
    char *stages_origin;
    struct dag *dag;
};

/* Gives the configuration (NULL when nothing usable could be made) and adds every problem found:
 * file:line, key, what is allowed, the nearest key. It may be run only if there is no problem. */
struct config *config_load(const struct config_request *request, struct problems *problems);
/* The same from the text of a file; `path` is what messages call it. Never touches the disk. */
struct config *config_load_text(const struct config_request *request, const char *path,
                                struct str text, struct problems *problems);
void config_free(struct config *config); /* accepts NULL */

/* The value of a key of that type; asserts the type. Texts are borrowed. */
const char *config_text(const struct config *config, enum config_id id); /* TEXT, SECRET, CHOICE */
int64_t config_int(const struct config *config, enum config_id id); /* INTEGER, DURATION, SIZE */
bool config_bool(const struct config *config, enum config_id id);
double config_number(const struct config *config, enum config_id id);

/* Puts another value (taken) in force; origin is copied. */
void config_replace(struct config *config, enum config_id id, struct json *value,
                    const char *origin);

/* The configuration file that would be read: --config, $GATEHOUSE_CONFIG, XDG; gives the path, or
 * NULL when there is none. out_is_named: somebody named it, so it must exist. */
char *config_find(const struct config_request *request, bool *out_is_named);
/* The state folder: --state-dir, $GATEHOUSE_STATE_DIR, state.folder, XDG. Gives an absolute path,
 * or NULL with err (no HOME). */
char *config_state_folder(const struct config *config, const struct config_request *request,
                          struct error *err);
/* <folder of the user's configuration>/name; NULL: no HOME. Gives memory for free(). */
char *config_user_folder(const struct config_request *request, const char *name);
/* A variable of the request's environment; NULL: not set or empty. */
const char *config_environment(const struct config_request *request, const char *name);

/* config.toml.example: every key with its default, commented out, and a sentence. */
void config_print_example(struct buf *out);
/* Effective values with their origins. */
void config_print_text(const struct config *config, struct buf *out);
struct json *config_print_json(const struct config *config);

#endif
