/* Where the configuration and the state live: options, environment, XDG base directories (0.8). */
#include "core/app/config.h"
#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <unistd.h>

/* $variable/gatehouse/..., or $HOME/fallback/gatehouse/...; a relative XDG folder does not count.
 */
static char *xdg_path(const struct config_request *request, const char *variable,
                      const char *fallback, const char *rest)
{
    const char *folder = config_environment(request, variable);
    const char *home = config_environment(request, "HOME");
    if (folder != NULL && folder[0] == '/') {
        return xasprintf("%s/gatehouse%s", folder, rest);
    }
    return home == NULL ? NULL : xasprintf("%s/%s/gatehouse%s", home, fallback, rest);
}

char *config_user_folder(const struct config_request *request, const char *name)
{
    char *folder = xdg_path(request, "XDG_CONFIG_HOME", ".config", "");
    char *path = folder == NULL ? NULL : file_join(folder, name);
    free(folder);
    return path;
}

static char *find_in_system(const struct config_request *request)
{
    const char *folders = config_environment(request, "XDG_CONFIG_DIRS");
    struct str rest = str_from(folders == NULL ? "/etc/xdg" : folders);
    while (rest.len > 0) {
        struct str folder = str_split(rest, ':', &rest);
        if (folder.len == 0 || folder.ptr[0] != '/') {
            continue;
        }
        char *path = xasprintf("%.*s/gatehouse/config.toml", STR_ARG(folder));
        if (file_exists(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}

char *config_find(const struct config_request *request, bool *out_is_named)
{
    const char *named =
        request->path != NULL ? request->path : config_environment(request, "GATEHOUSE_CONFIG");
    *out_is_named = named != NULL;
    if (named != NULL) {
        return xstrdup(named);
    }
    char *own = xdg_path(request, "XDG_CONFIG_HOME", ".config", "/config.toml");
    if (own != NULL && file_exists(own)) {
        return own;
    }
    free(own);
    return find_in_system(request);
}

static char *absolute(const char *path)
{
    if (path[0] == '/') {
        return xstrdup(path);
    }
    char *here = getcwd(NULL, 0);
    char *joined = here == NULL ? xstrdup(path) : file_join(here, path);
    free(here);
    return joined;
}

char *config_state_folder(const struct config *config, const struct config_request *request,
                          struct error *err)
{
    const char *variable = config_environment(request, "GATEHOUSE_STATE_DIR");
    const char *key = config_text(config, CONFIG_state_folder);
    if (request->state_folder != NULL) {
        return absolute(request->state_folder);
    }
    if (variable != NULL) {
        return absolute(variable);
    }
    if (*key != '\0') {
        return absolute(key);
    }
    char *path = xdg_path(request, "XDG_STATE_HOME", ".local/state", "");
    if (path == NULL) {
        error_set(err, ERROR_PERMANENT, "no_home",
                  "there is no folder for the state: set HOME, or give --state-dir");
    }
    return path;
}
