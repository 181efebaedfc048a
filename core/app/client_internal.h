/* Inside the client: its store, whether it may be written, and the runners it starts. */
#ifndef GATEHOUSE_APP_CLIENT_INTERNAL_H
#define GATEHOUSE_APP_CLIENT_INTERNAL_H

#include "core/app/client.h"

/* Opens the store as the access asks for: read-only it may be absent (true, app->store stays NULL).
 */
bool client_open_store(struct client *client, struct error *err);
/* An elevation whose time is up is ended. */
void client_check_access(struct client *client, int64_t now_ms);

enum client_errand { CLIENT_RESUME, CLIENT_NEW, CLIENT_NEW_WITH_SAMPLE };
/* Starts a runner that outlives us, for the run that is shown or for a new one. */
bool client_spawn_runner(struct client *client, enum client_errand errand, int64_t now_ms,
                         struct error *err);

#endif
