/* Object store on a folder: lake/<bucket>/<key> (see lake.h). All file work runs on pool threads;
 * reading fetches the next MiB while the consumer works, writing hashes and writes behind the
 * producer. A bucket is made by the first write to it: there is nothing to own or to pay for.
 * Loop thread only. */
#ifndef GATEHOUSE_LOCAL_FOLDER_STORE_H
#define GATEHOUSE_LOCAL_FOLDER_STORE_H

#include "core/ports/object_store.h"

/* Creates the folder when it is missing (blocking, short). Copies path. Gives the store, to be
 * freed with object_store_free, or NULL with err. */
struct object_store *folder_store_new(struct loop *loop, const char *lake_path, struct error *err);

#endif
