/* TOML text to a theme: never a crash; what can be read can be shown and checked at every depth. */
#include "tui/theme_check.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct theme *theme)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        for (int depth = 0; depth < COLOR_DEPTH_COUNT; depth++) {
            struct look look = theme_look(theme, (enum role)role, (enum color_depth)depth);
            assert(look.foreground >= COLOR_OF_TERMINAL && look.background >= COLOR_OF_TERMINAL);
            assert(depth != COLOR_DEPTH_8 || (look.foreground < 8 && look.background < 8));
            assert(depth == COLOR_DEPTH_TRUE || look.foreground < COLOR_PALETTE);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct problems problems = {.count = 0};
    struct theme theme;
    struct error err;
    size_t unmeasured = 0;
    if (theme_load_text("fuzz.toml", text, &theme, &problems, &err)) {
        look_at(&theme);
        theme_check(&theme, &problems, &unmeasured);
        assert(unmeasured <= ROLE_COUNT);
    }
    problems_done(&problems);
    return 0;
}
