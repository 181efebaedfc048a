/* A runner's store, a run that writes into it, and a console's client that looks on. Assertions are
 * cmocka's. */
#ifndef GATEHOUSE_TESTS_SUPPORT_CLIENT_SCENE_H
#define GATEHOUSE_TESTS_SUPPORT_CLIENT_SCENE_H

#include "core/app/client.h"
#include "tests/support/run_fixture.h"
#include "tests/support/store_fixture.h"

struct client_scene {
    struct store_fixture store; /* of the runner */
    struct fixture run;
    size_t stored; /* events of the run's log that are in the store */
    struct options options;
    struct app app;
    struct client client; /* the test's to init */
    int64_t now_ms;       /* the console's clock, from the start of the run on */
};

struct client_scene_spec {
    const char *plan;               /* of the run, as fixture_init takes it; it is started */
    const char *config;             /* TOML, "test.toml"; NULL: empty */
    const char *const *environment; /* borrowed; NULL: empty */
};

void client_scene_init(struct client_scene *scene, const struct client_scene_spec *spec);
void client_scene_done(struct client_scene *scene);
/* The runner stores what the run has done since. */
void client_scene_store_news(struct client_scene *scene);

#endif
