/* Asks the cluster for its DSN whenever a session opens. */
#include "core/local/cluster_database.h"

#include "core/base/alloc.h"

#include <stdlib.h>

enum { TEXT_COUNT = 4 };

struct cluster_dsn {
    struct loop *loop;
    struct cluster_settings settings; /* its texts are those below */
    char *texts[TEXT_COUNT];
};

struct asking {
    struct cluster_request cluster;
    struct pg_dsn_request *request;
};

static void cluster_runs(struct op *op, const struct error *err)
{
    struct asking *asking = op->context;
    struct pg_dsn_request *request = asking->request;
    if (err == NULL) {
        secret_set(&request->dsn, str_from(asking->cluster.dsn));
    }
    cluster_request_done(&asking->cluster);
    free(asking);
    op_finish(&request->op, err);
}

void cluster_dsn_provide(void *context, struct pg_dsn_request *request)
{
    struct cluster_dsn *provider = context;
    struct asking *asking = xcalloc(1, sizeof(*asking));
    op_begin(&request->op, provider->loop);
    asking->request = request;
    asking->cluster.op.done = cluster_runs;
    asking->cluster.op.context = asking;
    asking->cluster.settings = &provider->settings;
    cluster_start_start(provider->loop, &asking->cluster);
}

void cluster_dsn_free(void *context)
{
    struct cluster_dsn *provider = context;
    if (provider == NULL) {
        return;
    }
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        free(provider->texts[i]);
    }
    free(provider);
}

struct cluster_dsn *cluster_dsn_new(struct loop *loop, const struct cluster_settings *settings)
{
    const char *texts[TEXT_COUNT] = {settings->state_folder, settings->bin_folder,
                                     settings->os_user, settings->system_folder};
    struct cluster_dsn *provider = xcalloc(1, sizeof(*provider));
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        provider->texts[i] = texts[i] == NULL ? NULL : xstrdup(texts[i]);
    }
    provider->loop = loop;
    provider->settings = (struct cluster_settings){
        .state_folder = provider->texts[0],
        .bin_folder = provider->texts[1],
        .os_user = provider->texts[2],
        .system_folder = provider->texts[3],
    };
    return provider;
}

struct database *cluster_database_new(struct loop *loop, const struct cluster_settings *settings,
                                      const struct pg_settings *options)
{
    struct pg_settings pg = {
        .provide_dsn = cluster_dsn_provide,
        .provider_context = cluster_dsn_new(loop, settings),
        .provider_free = cluster_dsn_free,
    };
    if (options != NULL) {
        pg.connect_timeout_ms = options->connect_timeout_ms;
        pg.statement_timeout_ms = options->statement_timeout_ms;
    }
    return pg_database_new(loop, &pg);
}
