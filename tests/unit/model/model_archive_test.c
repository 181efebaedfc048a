/* model.tar.gz: packing is repeatable, unpacking trusts nothing and leaves nothing behind. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/model_archive.h"
#include "tests/support/cmocka.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *folder;
    char *archive;
    char *target; /* where to unpack */
};

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));
    place->folder = xstrdup("/tmp/model-archive-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL) {
        return -1;
    }
    place->archive = file_join(place->folder, "model.tar.gz");
    place->target = file_join(place->folder, "unpacked");
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    bool is_removed = file_remove_tree(place->folder, &err);
    free(place->folder);
    free(place->archive);
    free(place->target);
    free(place);
    return is_removed ? 0 : -1;
}

struct member {
    const char *name;
    const char *content; /* NULL: `size` zero bytes */
    size_t size;
    mode_t type;      /* 0: regular */
    const char *link; /* hard link when type is regular */
};

static void write_member(struct archive *archive, const struct member *member)
{
    struct archive_entry *entry = archive_entry_new();
    size_t size = member->content == NULL ? member->size : strlen(member->content);
    char *zeros = xcalloc(1, size + 1);
    archive_entry_set_pathname(entry, member->name);
    archive_entry_set_filetype(entry, member->type == 0 ? AE_IFREG : member->type);
    archive_entry_set_perm(entry, 0644);
    if (member->type == AE_IFLNK) {
        archive_entry_set_symlink(entry, member->link);
    } else if (member->link != NULL) {
        archive_entry_set_hardlink(entry, member->link);
    }
    archive_entry_set_size(entry, member->link == NULL ? (la_int64_t)size : 0);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    if (member->link == NULL && size > 0) {
        const char *content = member->content == NULL ? zeros : member->content;
        assert_int_equal(archive_write_data(archive, content, size), size);
    }
    free(zeros);
    archive_entry_free(entry);
}

static void write_archive(const struct place *place, const struct member *members, size_t count)
{
    struct archive *archive = archive_write_new();
    archive_write_set_format_pax_restricted(archive);
    archive_write_add_filter_gzip(archive);
    assert_int_equal(archive_write_open_filename(archive, place->archive), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        write_member(archive, &members[i]);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

static void assert_nothing_left(const struct place *place)
{
    struct stat info;
    assert_int_not_equal(lstat(place->target, &info), 0);
}

static void assert_refused_within(const struct place *place,
                                  const struct model_archive_limits *limits, const char *code)
{
    struct model_archive_files files = {0};
    struct error err = {0};
    if (model_archive_unpack(place->archive, place->target, limits, &files, &err)) {
        fail_msg("unpacked, expected %s", code);
    }
    if (strcmp(err.code, code) != 0) {
        fail_msg("%s (%s), expected %s", err.code, err.message, code);
    }
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_null(files.model);
    assert_nothing_left(place);
}

static void assert_refused(const struct place *place, const char *code)
{
    struct model_archive_limits limits = model_archive_default_limits();
    assert_refused_within(place, &limits, code);
}

static void assert_unpacks(const struct place *place, const char *model, const char *schema)
{
    struct model_archive_limits limits = model_archive_default_limits();
    struct model_archive_files files = {0};
    struct error err = {0};
    struct buf content;
    buf_init(&content, 1 << 20);
    if (!model_archive_unpack(place->archive, place->target, &limits, &files, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(file_read(files.model, &content, &err));
    assert_string_equal(buf_text(&content), model);
    assert_int_equal(files.model_bytes, strlen(model));
    assert_int_equal(files.schema != NULL, schema != NULL);
    if (schema != NULL) {
        buf_reset(&content);
        assert_true(file_read(files.schema, &content, &err));
        assert_string_equal(buf_text(&content), schema);
    }
    struct stat info;
    assert_int_equal(stat(place->target, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    buf_done(&content);
    model_archive_files_done(&files);
}

static void put(const char *folder, const char *name, const char *content)
{
    struct error err = {0};
    char *path = file_join(folder, name);
    assert_true(file_write(path, str_from(content), 0644, &err));
    free(path);
}

static void packs_and_unpacks_the_model_and_its_schema(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    put(place->folder, "xgboost-model", "binf-model");
    put(place->folder, "schema.json", "{\"a\":1}");
    put(place->folder, "xgboost-model.tmp-123456", "left over");
    assert_true(model_archive_pack(place->folder, place->archive, &err));
    assert_unpacks(place, "binf-model", "{\"a\":1}");
}

static void packing_twice_gives_the_same_bytes(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    char first[DIGEST_HEX_SIZE];
    char second[DIGEST_HEX_SIZE];
    put(place->folder, "xgboost-model", "binf-model");
    assert_true(model_archive_pack(place->folder, place->archive, &err));
    assert_true(digest_file_hex(place->archive, first, &err));
    char *model = file_join(place->folder, "xgboost-model");
    assert_int_equal(chmod(model, 0600), 0);
    free(model);
    put(place->folder, "xgboost-model", "binf-model");
    assert_true(model_archive_pack(place->folder, place->archive, &err));
    assert_true(digest_file_hex(place->archive, second, &err));
    assert_string_equal(first, second);
}

static void packing_without_a_model_leaves_no_archive(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    put(place->folder, "schema.json", "{}");
    assert_false(model_archive_pack(place->folder, place->archive, &err));
    assert_string_equal(err.code, "not_found");
    DIR *folder = opendir(place->folder);
    size_t entries = 0;
    while (readdir(folder) != NULL) {
        entries++;
    }
    closedir(folder);
    assert_int_equal(entries, 3); /* ".", ".." and schema.json */
}

static void other_members_are_passed_over(void **state)
{
    struct place *place = *state;
    const struct member members[] = {
        {.name = "./", .content = "", .type = AE_IFDIR},
        {.name = "./notes.txt", .content = "hello"},
        {.name = "./old/", .content = "", .type = AE_IFDIR},
        {.name = "./old/xgboost-model", .content = "binf-old"},
        {.name = "./xgboost-model", .content = "{\"learner\":1}"},
    };
    write_archive(place, members, 5);
    assert_unpacks(place, "{\"learner\":1}", NULL);
}

static void unsafe_members_are_refused(void **state)
{
    struct place *place = *state;
    const struct member bad[] = {
        {.name = "../xgboost-model", .content = "binf"},
        {.name = "/tmp/xgboost-model", .content = "binf"},
        {.name = "a/../../xgboost-model", .content = "binf"},
        {.name = "xgboost-model\n", .content = "binf"},
        {.name = "xgboost-model", .type = AE_IFLNK, .link = "/etc/passwd"},
        {.name = "xgboost-model", .link = "notes.txt"},
        {.name = "xgboost-model", .content = "", .type = AE_IFIFO},
        {.name = "xgboost-model", .content = "", .type = AE_IFCHR},
        {.name = "other", .type = AE_IFLNK, .link = "xgboost-model"},
        {.name = "../", .content = "", .type = AE_IFDIR},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct member members[] = {{.name = "notes.txt", .content = "x"}, bad[i]};
        write_archive(place, members, 2);
        assert_refused(place, "unsafe_archive");
    }
}

static void the_wrong_models_are_refused(void **state)
{
    struct place *place = *state;
    const struct member none[] = {{.name = "notes.txt", .content = "x"}};
    const struct member two[] = {{.name = "xgboost-model-0", .content = "binf"},
                                 {.name = "xgboost-model-1", .content = "binf"}};
    const struct member pickle[] = {{.name = "xgboost-model", .content = "\x80\x04\x95"}};
    const struct member garbage[] = {{.name = "xgboost-model", .content = "hello"}};
    const struct member empty[] = {{.name = "xgboost-model", .content = ""}};
    write_archive(place, none, 1);
    assert_refused(place, "no_model");
    write_archive(place, two, 2);
    assert_refused(place, "two_models");
    write_archive(place, pickle, 1);
    assert_refused(place, "pickle");
    write_archive(place, garbage, 1);
    assert_refused(place, "bad_model");
    write_archive(place, empty, 1);
    assert_refused(place, "bad_model");
}

static void bombs_are_refused(void **state)
{
    struct place *place = *state;
    struct model_archive_limits limits = model_archive_default_limits();
    const struct member big[] = {{.name = "xgboost-model", .size = 8 << 20}};
    write_archive(place, big, 1);
    assert_refused_within(place, &limits, "archive_too_large"); /* the ratio: all zeros */
    limits.ratio = 100000;
    limits.member_bytes = 1 << 20;
    assert_refused_within(place, &limits, "archive_too_large");
    limits.member_bytes = 16 << 20;
    limits.total_bytes = 1 << 20;
    assert_refused_within(place, &limits, "archive_too_large");
    limits.total_bytes = 16 << 20;
    assert_refused_within(place, &limits, "bad_model"); /* within all limits: read as a model */
}

static void too_many_members_are_refused(void **state)
{
    struct place *place = *state;
    struct model_archive_limits limits = model_archive_default_limits();
    struct member members[4] = {{.name = "a", .content = "x"},
                                {.name = "b", .content = "x"},
                                {.name = "c", .content = "x"},
                                {.name = "xgboost-model", .content = "binf"}};
    limits.members = 3;
    write_archive(place, members, 4);
    assert_refused_within(place, &limits, "archive_too_large");
}

/* Every prefix of a good archive, and every single damaged byte, is told from the whole. */
static void damaged_archives_are_refused(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct buf good;
    buf_init(&good, 1 << 16);
    const struct member members[] = {{.name = "xgboost-model", .content = "binf and more of it"}};
    write_archive(place, members, 1);
    assert_true(file_read(place->archive, &good, &err));
    for (size_t len = 0; len < good.len; len++) {
        assert_true(file_write(place->archive, (struct str){good.ptr, len}, 0600, &err));
        assert_refused(place, "bad_archive");
    }
    enum { GZIP_HEADER = 10 }; /* its time and system bytes mean nothing */
    for (size_t at = GZIP_HEADER; at < good.len; at++) {
        good.ptr[at] = (char)(good.ptr[at] ^ 0x10);
        assert_true(file_write(place->archive, buf_str(&good), 0600, &err));
        assert_refused(place, "bad_archive");
        good.ptr[at] = (char)(good.ptr[at] ^ 0x10);
    }
    buf_done(&good);
}

static void what_is_no_archive_is_refused(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct model_archive_limits limits = model_archive_default_limits();
    struct model_archive_files files = {0};
    put(place->folder, "model.tar.gz", "");
    assert_refused(place, "bad_archive");
    put(place->folder, "model.tar.gz", "this is a text and no archive");
    assert_refused(place, "bad_archive");
    assert_false(
        model_archive_unpack("/nonexistent/model.tar.gz", place->target, &limits, &files, &err));
    assert_string_equal(err.code, "not_found");
    assert_false(model_archive_unpack(place->folder, place->target, &limits, &files, &err));
    assert_string_equal(err.code, "bad_archive"); /* a folder */
}

static void an_existing_folder_is_left_alone(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct model_archive_limits limits = model_archive_default_limits();
    struct model_archive_files files = {0};
    const struct member members[] = {{.name = "xgboost-model", .content = "binf"}};
    write_archive(place, members, 1);
    assert_int_equal(mkdir(place->target, 0700), 0);
    put(place->target, "mine", "x");
    assert_false(model_archive_unpack(place->archive, place->target, &limits, &files, &err));
    assert_string_equal(err.code, "exists");
    char *mine = file_join(place->target, "mine");
    assert_true(file_exists(mine));
    free(mine);
}

#define ARCHIVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARCHIVE_TEST(packs_and_unpacks_the_model_and_its_schema),
        ARCHIVE_TEST(packing_twice_gives_the_same_bytes),
        ARCHIVE_TEST(packing_without_a_model_leaves_no_archive),
        ARCHIVE_TEST(other_members_are_passed_over),
        ARCHIVE_TEST(unsafe_members_are_refused),
        ARCHIVE_TEST(the_wrong_models_are_refused),
        ARCHIVE_TEST(bombs_are_refused),
        ARCHIVE_TEST(too_many_members_are_refused),
        ARCHIVE_TEST(damaged_archives_are_refused),
        ARCHIVE_TEST(what_is_no_archive_is_refused),
        ARCHIVE_TEST(an_existing_folder_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
