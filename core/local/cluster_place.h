/* Where a cluster lives, as whom its server runs, where its programs are. Blocking; any thread. */
#ifndef GATEHOUSE_LOCAL_CLUSTER_PLACE_H
#define GATEHOUSE_LOCAL_CLUSTER_PLACE_H

#include "core/local/cluster.h"

enum { CLUSTER_USER_SIZE = 256, CLUSTER_PORT = 5432 };

struct cluster_place {
    char *state;   /* absolute state folder */
    char *folder;  /* of the cluster: 0700, owned by uid */
    char *data;    /* folder/data */
    char *sockets; /* where a server to start puts its socket */
    char *record;  /* STATE/postgres.folder; exists when folder is not below STATE */
    uid_t uid;     /* whom the server runs as */
    gid_t gid;
    char user[CLUSTER_USER_SIZE];
    bool is_recorded; /* folder is not below STATE */
};

bool cluster_place_find(struct cluster_place *place, const struct cluster_settings *settings,
                        struct error *err);
void cluster_place_done(struct cluster_place *place);
/* Creates the cluster's folder and its socket folder, and the record; checks that both are private
 * to the server's user and no symbolic links. */
bool cluster_place_make(const struct cluster_place *place, struct error *err);
/* A real folder of that user that nobody else may enter ("not_private"). */
bool cluster_place_check_private(const char *path, uid_t uid, struct error *err);
/* Gives the folder of initdb and postgres, or NULL: only pg_config may know. */
char *cluster_place_find_programs(const struct cluster_settings *settings);
bool cluster_place_has_programs(const char *folder);

#endif
