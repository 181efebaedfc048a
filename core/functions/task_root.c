/* Certificates of the package, by the variables that libcurl's user and libpq go by. */
#include "core/functions/task_root.h"

#include "core/base/file.h"

#include <stdlib.h>
#include <unistd.h>

void task_root_apply(void)
{
    static const struct {
        const char *variable, *file; /* as core/app/package.h names them */
    } certificates[] = {
        {"AWS_CA_BUNDLE", "etc/certificates"},
        {"PGSSLROOTCERT", "etc/database-ca.pem"},
    };
    const char *root = getenv("LAMBDA_TASK_ROOT");
    for (size_t i = 0; root != NULL && i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        char *path = file_join(root, certificates[i].file);
        if (access(path, R_OK) == 0) {
            setenv(certificates[i].variable, path, 0);
        }
        free(path);
    }
}
