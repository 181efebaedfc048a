/* Wanted against current, member by member. */
#include "core/app/function_plan.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_LIMIT = 4096, MIB = 1 << 20 };

static const enum config_id names[FUNCTION_PLAN_COUNT] = {
    CONFIG_functions_clean_transactions,
    CONFIG_functions_clean_profiles,
    CONFIG_functions_merge,
};

/* ---- what is wanted */

static const char *database_dsn(const struct config *config)
{
    const char *own = config_text(config, CONFIG_functions_database_dsn);
    return *own != '\0' ? own : config_text(config, CONFIG_database_dsn);
}

static bool check_config(const struct config *config, struct error *err)
{
    size_t subnets = json_count(config->values[CONFIG_functions_subnets].value);
    size_t groups = json_count(config->values[CONFIG_functions_security_groups].value);
    if (*config_text(config, CONFIG_functions_role) == '\0') {
        return error_set(err, ERROR_PERMANENT, "bad_config",
                         "functions.role is empty: set the ARN of the role of the functions");
    }
    if (*database_dsn(config) == '\0') {
        return error_set(err, ERROR_PERMANENT, "bad_config",
                         "functions.database_dsn is empty: say how the function that reads the "
                         "profiles reaches the database");
    }
    if ((subnets == 0) != (groups == 0)) {
        return error_set(err, ERROR_PERMANENT, "bad_config",
                         "functions.subnets and functions.security_groups go together: set both "
                         "or none");
    }
    if (config_int(config, CONFIG_functions_memory) % MIB != 0 ||
        config_int(config, CONFIG_functions_timeout) % 1000 != 0) {
        return error_set(err, ERROR_PERMANENT, "bad_config",
                         "functions.memory must be whole MiB and functions.timeout whole seconds");
    }
    return true;
}

/* NAME or NAME:ALIAS. */
static bool take_name(struct function_plan *plan, const char *configured, struct error *err)
{
    struct str alias = {0};
    struct str name = str_split(str_from(configured), ':', &alias);
    bool is_number = alias.len > 0 && strspn(alias.ptr, "0123456789") == alias.len;
    bool is_version = alias.len > 0 && (alias.ptr[0] == '$' || is_number);
    bool is_arn = alias.len > 0 && memchr(alias.ptr, ':', alias.len) != NULL;
    if (name.len == 0 || name.len > 64 || is_arn || is_version) {
        return error_set(err, ERROR_PERMANENT, "bad_config",
                         "'%s' is not a name that a function can be deployed to: give NAME or "
                         "NAME:ALIAS, without an account or a version",
                         configured);
    }
    plan->name = xmemdup0(name.ptr, name.len);
    if (alias.len > 0) {
        plan->alias = xmemdup0(alias.ptr, alias.len);
        plan->qualified = xstrdup(configured);
    }
    return true;
}

static struct json *environment_of(const struct config *config, enum config_id id)
{
    struct json *environment = json_object();
    struct json *variables = json_object();
    const char *secret = config_text(config, CONFIG_functions_database_secret);
    if (id == CONFIG_functions_clean_profiles) { /* the others need no database */
        json_set_text(variables, "GATEHOUSE_DATABASE_DSN", database_dsn(config));
        if (*secret != '\0') {
            json_set_text(variables, "GATEHOUSE_DATABASE_SECRET", secret);
        }
    }
    json_set(environment, "Variables", variables);
    return environment;
}

static struct json *wanted_of(const struct config *config, enum config_id id, const char *name)
{
    struct json *wanted = json_object();
    struct json *vpc = json_object();
    json_set(vpc, "SubnetIds", json_copy(config->values[CONFIG_functions_subnets].value));
    json_set(vpc, "SecurityGroupIds",
             json_copy(config->values[CONFIG_functions_security_groups].value));
    json_set_text(wanted, "FunctionName", name);
    json_set_text(wanted, "Runtime", "provided.al2023");
    json_set_text(wanted, "Handler", config_key(id)->fallback); /* our own name of the function */
    json_set_text(wanted, "Role", config_text(config, CONFIG_functions_role));
    json_set_int(wanted, "MemorySize", config_int(config, CONFIG_functions_memory) / MIB);
    json_set_int(wanted, "Timeout", config_int(config, CONFIG_functions_timeout) / 1000);
    json_set(wanted, "Environment", environment_of(config, id));
    json_set(wanted, "VpcConfig", vpc);
    return wanted;
}

bool function_plans_make(const struct config *config,
                         struct function_plan plans[FUNCTION_PLAN_COUNT], struct error *err)
{
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        plans[i] = (struct function_plan){.name = NULL};
        buf_init(&plans[i].changes, CHANGES_LIMIT);
    }
    if (!check_config(config, err)) {
        return false;
    }
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        if (!take_name(&plans[i], config_text(config, names[i]), err)) {
            return error_prefix(err, "functions.%s", config_key(names[i])->name);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(plans[i].name, plans[j].name) == 0) {
                return error_set(err, ERROR_PERMANENT, "bad_config",
                                 "functions.%s and functions.%s are both '%s'",
                                 config_key(names[j])->name, config_key(names[i])->name,
                                 plans[i].name);
            }
        }
        plans[i].wanted = wanted_of(config, names[i], plans[i].name);
    }
    return true;
}

void function_plans_done(struct function_plan plans[FUNCTION_PLAN_COUNT])
{
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        free(plans[i].name);
        free(plans[i].alias);
        free(plans[i].qualified);
        json_free_wiped(plans[i].wanted);
        buf_done(&plans[i].changes);
    }
}

/* ---- what differs */

static void begin_change(struct function_plan *plan, const char *label)
{
    buf_printf(&plan->changes, "%s%s", plan->changes.len > 0 ? ", " : "", label);
}

static void append_value(struct buf *out, const struct json *value)
{
    const char *text = NULL;
    char *printed = value == NULL                ? xstrdup("none")
                    : json_as_text(value, &text) ? xstrdup(text)
                                                 : json_print(value);
    utf8_append_printable(out, str_from(printed));
    free(printed);
}

static bool has(const struct json *list, const struct json *item)
{
    for (const struct json *member = json_first(list); member != NULL; member = json_next(member)) {
        if (json_equal(member, item)) {
            return true;
        }
    }
    return false;
}

/* The same items in any order; absent counts as empty. */
static bool is_same_set(const struct json *a, const struct json *b)
{
    bool is_same = json_count(a) == json_count(b);
    for (const struct json *item = json_first(a); item != NULL && is_same; item = json_next(item)) {
        is_same = has(b, item);
    }
    return is_same;
}

static bool compare_values(struct function_plan *plan, const struct json *current)
{
    static const struct {
        const char *member, *label;
    } values[] = {{"Runtime", "runtime"},
                  {"Handler", "handler"},
                  {"Role", "role"},
                  {"MemorySize", "memory"},
                  {"Timeout", "timeout"}};
    bool differs = false;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct json *is = json_get(current, values[i].member);
        const struct json *should = json_get(plan->wanted, values[i].member);
        if (is == NULL || !json_equal(is, should)) {
            differs = true;
            begin_change(plan, values[i].label);
            buf_append_char(&plan->changes, ' ');
            append_value(&plan->changes, is);
            buf_append_text(&plan->changes, " -> ");
            append_value(&plan->changes, should);
        }
    }
    return differs;
}

static bool compare_structures(struct function_plan *plan, const struct json *current)
{
    static const char *const lists[] = {"VpcConfig.SubnetIds", "VpcConfig.SecurityGroupIds"};
    const struct json *is = json_path(current, "Environment.Variables");
    const struct json *should = json_path(plan->wanted, "Environment.Variables");
    bool has_same_network = true;
    bool has_same_variables =
        json_count(is) == json_count(should) && (json_count(is) == 0 || json_equal(is, should));
    for (size_t i = 0; i < 2; i++) {
        has_same_network = has_same_network && is_same_set(json_path(current, lists[i]),
                                                           json_path(plan->wanted, lists[i]));
    }
    if (!has_same_variables) {
        begin_change(plan, "environment");
    }
    if (!has_same_network) {
        begin_change(plan, "VPC");
    }
    return !has_same_variables || !has_same_network;
}

static bool has_code(const struct function_plan *plan, const struct json *current,
                     const struct function_code *code)
{
    const struct json *architectures = json_get(current, "Architectures");
    return strcmp(json_text_or(current, "CodeSha256", ""), code->sha256) == 0 &&
           (architectures == NULL ||
            is_same_set(architectures, json_get(plan->wanted, "Architectures")));
}

void function_plan_compare(struct function_plan *plan, const struct json *current,
                           const struct json *published, const struct function_code *code)
{
    struct json *architectures = json_array();
    json_append(architectures, json_string(str_from(code->architecture)));
    json_set(plan->wanted, "Architectures", architectures);
    buf_reset(&plan->changes);
    plan->is_new = current == NULL;
    plan->has_alias = published != NULL;
    plan->has_new_code = plan->is_new || !has_code(plan, current, code);
    if (!plan->is_new && plan->has_new_code) {
        begin_change(plan, "code");
    }
    plan->has_new_configuration = false;
    if (!plan->is_new) {
        bool has_new_values = compare_values(plan, current);
        plan->has_new_configuration = compare_structures(plan, current) || has_new_values;
    }
    plan->has_new_alias = plan->alias != NULL &&
                          (published == NULL || plan->has_new_code || plan->has_new_configuration);
    if (plan->alias != NULL && !plan->has_new_alias) {
        struct buf changes = plan->changes; /* those of the published version say nothing new */
        buf_init(&plan->changes, CHANGES_LIMIT);
        bool has_old_values = compare_values(plan, published);
        plan->has_new_alias = compare_structures(plan, published) || has_old_values ||
                              !has_code(plan, published, code);
        buf_done(&plan->changes);
        plan->changes = changes;
    }
    if (plan->has_new_alias) {
        begin_change(plan, "alias ");
        utf8_append_printable(&plan->changes, str_from(plan->alias));
    }
}

bool function_plan_is_done(const struct function_plan *plan)
{
    return !plan->is_new && !plan->has_new_code && !plan->has_new_configuration &&
           !plan->has_new_alias;
}

/* ---- inputs */

struct json *function_plan_configuration(const struct function_plan *plan)
{
    struct json *input = json_copy_without(plan->wanted, "FunctionName");
    json_remove(input, "Architectures");
    return input;
}

struct json *function_plan_code(const struct function_plan *plan)
{
    struct json *input = json_object();
    json_set(input, "Architectures", json_copy(json_get(plan->wanted, "Architectures")));
    return input;
}
