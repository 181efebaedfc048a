/* TOML text to a configuration: never a crash, and either problems or a dag. What is good must read
 * back from its own print as the same. */
#include "core/app/config.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct config *config)
{
    static const struct config_request request = {.path = NULL};
    struct problems problems = {.count = 0};
    struct buf text;
    buf_init(&text, 1 << 24);
    config_print_text(config, &text);
    struct config *again = config_load_text(&request, "again", buf_str(&text), &problems);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        assert(config_key((enum config_id)id)->type == CONFIG_SECRET ||
               json_equal(config->values[id].value, again->values[id].value));
    }
    config_free(again);
    problems_done(&problems);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_request request = {.path = NULL};
    struct problems problems = {.count = 0};
    struct str text = {(const char *)data, size};
    struct config *config = config_load_text(&request, "fuzz", text, &problems);
    assert(config != NULL);
    assert(problems.count > 0 || config->dag != NULL);
    if (problems.count == 0) {
        check_round_trip(config);
    }
    config_free(config);
    problems_done(&problems);
    return 0;
}
