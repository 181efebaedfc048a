/* Inside the client: its store, and whether it may be written. */
#ifndef GATEHOUSE_APP_CLIENT_INTERNAL_H
#define GATEHOUSE_APP_CLIENT_INTERNAL_H

#include "core/app/client.h"

/* Opens the store as the access asks for: read-only it may be absent (true, app->store stays NULL).
 */
bool client_open_store(struct client *client, struct error *err);
/* An elevation whose time is up is ended. */
void client_check_access(struct client *client, int64_t now_ms);

#endif
