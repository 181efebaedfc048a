/* Reading and merging the two shared files. */
#include "core/aws/shared_files.h"

#include "core/aws/ini.h"
#include "core/base/alloc.h"
#include "core/base/environment.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct shared_files {
    char *config_path, *credentials_path;
    struct ini *config, *credentials;
};

char *shared_files_expand(const char *const *environment, const char *path)
{
    const char *home = environment_get(environment, "HOME");
    return path[0] == '~' && path[1] == '/' && home != NULL ? file_join(home, path + 2)
                                                            : xstrdup(path);
}

static char *path_of(const char *const *environment, const char *variable, const char *usual)
{
    const char *named = environment_get(environment, variable);
    if (named == NULL && environment_get(environment, "HOME") == NULL) {
        return xstrdup("");
    }
    return shared_files_expand(environment, named != NULL ? named : usual);
}

/* Room for all of it beforehand: memory that holds keys is not left behind by growing. */
static bool read_file(const char *path, struct buf *out, struct error *err)
{
    struct stat info;
    if (*path == '\0' || file_is_absent(path)) {
        return true;
    }
    if (stat(path, &info) == 0 && info.st_size > 0 && info.st_size <= INI_SIZE_MAX) {
        buf_reserve(out, (size_t)info.st_size);
    }
    if (!file_read(path, out, err)) {
        memcpy(err->code, "bad_aws_config", sizeof("bad_aws_config"));
        return false;
    }
    return true;
}

static struct ini *load(const char *path, struct error *err)
{
    struct buf text;
    buf_init(&text, INI_SIZE_MAX);
    struct ini *ini = read_file(path, &text, err) ? ini_parse(buf_str(&text), path, err) : NULL;
    buf_wipe(&text);
    return ini;
}

struct shared_files *shared_files_load(const char *const *environment, struct error *err)
{
    struct shared_files *files = xcalloc(1, sizeof(*files));
    files->config_path = path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config");
    files->credentials_path =
        path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    files->config = load(files->config_path, err);
    files->credentials = files->config == NULL ? NULL : load(files->credentials_path, err);
    if (files->credentials == NULL) {
        shared_files_free(files);
        return NULL;
    }
    return files;
}

void shared_files_free(struct shared_files *files)
{
    if (files != NULL) {
        ini_free(files->config);
        ini_free(files->credentials);
        free(files->config_path);
        free(files->credentials_path);
        free(files);
    }
}

/* A NAME may stand in quotes. */
static struct str unquote(struct str name)
{
    bool is_quoted = name.len >= 2 && (name.ptr[0] == '"' || name.ptr[0] == '\'') &&
                     name.ptr[name.len - 1] == name.ptr[0];
    return is_quoted ? (struct str){name.ptr + 1, name.len - 2} : name;
}

/* How well a header of the config file fits: 0 not at all; of two that fit the higher wins. */
static int rank_in_config(const char *header, enum shared_section section, const char *name)
{
    static const char *const words[SHARED_SECTION_COUNT] = {"profile", "sso-session", "services"};
    struct str word = str_from(words[section]);
    struct str text = str_from(header);
    if (str_eq(text, STR("default"))) {
        return section == SHARED_PROFILE && strcmp(name, "default") == 0 ? 1 : 0;
    }
    bool has_word = text.len > word.len && str_starts_with(text, word) &&
                    strchr(" \t", text.ptr[word.len]) != NULL;
    if (!has_word) {
        return 0;
    }
    struct str rest = str_trim((struct str){text.ptr + word.len, text.len - word.len});
    return str_eq(unquote(rest), str_from(name)) ? 2 : 0;
}

static int rank(const struct shared_files *files, const struct ini *ini, size_t index,
                enum shared_section section, const char *name)
{
    const char *header = ini->sections[index].name;
    if (ini == files->config) {
        return rank_in_config(header, section, name);
    }
    return section == SHARED_PROFILE && str_eq(unquote(str_from(header)), str_from(name)) ? 1 : 0;
}

bool shared_files_has(const struct shared_files *files, enum shared_section section,
                      const char *name)
{
    const struct ini *both[] = {files->config, files->credentials};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < both[i]->section_count; j++) {
            if (rank(files, both[i], j, section, name) > 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_key(const struct ini_entry *entry, const char *key, const char *subkey)
{
    if (strcasecmp(entry->key, key) != 0 || (entry->subkey == NULL) != (subkey == NULL)) {
        return false;
    }
    return subkey == NULL || strcasecmp(entry->subkey, subkey) == 0;
}

bool shared_files_find(const struct shared_files *files, enum shared_section section,
                       const char *name, const char *key, const char *subkey,
                       struct shared_value *out_value)
{
    const struct ini *both[] = {files->credentials, files->config};
    for (size_t i = 0; i < 2; i++) {
        const struct ini_entry *best = NULL;
        int best_rank = 1;
        for (size_t j = 0; j < both[i]->entry_count; j++) {
            const struct ini_entry *entry = &both[i]->entries[j];
            if (*entry->value != '\0' && is_key(entry, key, subkey)) {
                int fit = rank(files, both[i], entry->section, section, name);
                best = fit >= best_rank ? entry : best;
                best_rank = fit >= best_rank ? fit : best_rank;
            }
        }
        if (best != NULL) {
            *out_value = (struct shared_value){best->value, both[i]->path, best->line, i == 0};
            return true;
        }
    }
    return false;
}

const char *shared_files_get(const struct shared_files *files, const char *profile, const char *key)
{
    struct shared_value value;
    return shared_files_find(files, SHARED_PROFILE, profile, key, NULL, &value) ? value.text : NULL;
}

const char *shared_files_config_path(const struct shared_files *files)
{
    return files->config_path;
}

const char *shared_files_credentials_path(const struct shared_files *files)
{
    return files->credentials_path;
}
