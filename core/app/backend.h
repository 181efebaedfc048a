/* The composition root: makes the adapters that the configuration asks for and puts them behind the
 * ports. Loop thread only. */
#ifndef GATEHOUSE_APP_BACKEND_H
#define GATEHOUSE_APP_BACKEND_H

#include "core/app/app.h"
#include "core/local/cluster.h"
#include "core/ports/services.h"

struct backend {
    struct loop *loop;        /* owned */
    struct services services; /* its ports are owned */
    struct aws_session *aws;  /* NULL: no port is on AWS */
    char *lake;
    char *function_program;
    char *model_program;
};

/* app is loaded, and outlives the backend. Nothing is started: the private cluster runs when a
 * session opens or a function needs it. False with err; backend_done is owed either way. */
bool backend_init(struct backend *backend, const struct app *app, struct error *err);
void backend_done(struct backend *backend); /* cancels the calls of AWS; nothing else is active */

/* The private cluster of this configuration; texts are borrowed from both. */
struct cluster_settings backend_cluster_settings(const struct config *config,
                                                 const char *state_folder);
/* Whether a port (CONFIG_backend_...) is on AWS. */
bool backend_is_aws(const struct config *config, enum config_id port);
/* Whether functions and training can reach the objects; false with err (permanent, "bad_backends")
 * that names both. prepare needs only the objects. */
bool backend_check_reach(const struct config *config, struct error *err);
/* Whether there is a role for SageMaker to take on, where it trains ("bad_config"): without one a
 * run would fail only after the calls before the training. */
bool backend_check_role(const struct config *config, struct error *err);
/* Whether SageMaker's XGBoost takes the hyperparameters of each training stage
 * ("bad_hyperparameter"); its container would tell only after all that comes before. */
bool backend_check_hyperparameters(const struct config *config, struct error *err);
/* Whether SageMaker reads or writes this bucket, which must then be in its own region. */
bool backend_trains_in(const struct config *config, const char *bucket);
/* True when the database is the private cluster. */
bool backend_has_cluster(const struct config *config);

#endif
