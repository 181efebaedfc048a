/* Takes the default VFS and puts itself in front of write and sync of each file. */
#include "tests/support/failing_disk.h"

#include "tests/support/cmocka.h"

#include <sqlite3.h>
#include <stddef.h>

struct methods { /* ours first: a file's pMethods points to it */
    sqlite3_io_methods ours;
    const sqlite3_io_methods *real;
};
enum { METHODS_MAX = 4 }; /* SQLite has a table for files with locks and one for those without */

static struct {
    sqlite3_vfs vfs, *real;
    struct methods methods[METHODS_MAX];
    size_t method_count;
    enum failing_disk_way way;
    int first, times, calls;
} disk;

static bool fails_now(bool is_write)
{
    if (is_write == (disk.way == DISK_SYNC_ERROR)) {
        return false;
    }
    disk.calls++;
    return disk.first > 0 && disk.calls >= disk.first && disk.calls < disk.first + disk.times;
}

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return ((const struct methods *)(const void *)file->pMethods)->real;
}

static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    if (!fails_now(true)) {
        return real_of(file)->xWrite(file, data, size, offset);
    }
    if (disk.way == DISK_IO_ERROR) {
        return SQLITE_IOERR_WRITE;
    }
    real_of(file)->xWrite(file, data, size / 2, offset); /* half of it, as a full disk does */
    return SQLITE_FULL;
}

static int sync_file(sqlite3_file *file, int flags)
{
    return fails_now(false) ? SQLITE_IOERR_FSYNC : real_of(file)->xSync(file, flags);
}

static const struct methods *stand_in_front(const sqlite3_io_methods *real)
{
    for (size_t i = 0; i < disk.method_count; i++) {
        if (disk.methods[i].real == real) {
            return &disk.methods[i];
        }
    }
    assert_true(disk.method_count < METHODS_MAX);
    struct methods *methods = &disk.methods[disk.method_count++];
    *methods = (struct methods){.ours = *real, .real = real};
    methods->ours.xWrite = write_file;
    methods->ours.xSync = sync_file;
    return methods;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    (void)vfs;
    int rc = disk.real->xOpen(disk.real, name, file, flags, out_flags);
    if (rc != SQLITE_OK || file->pMethods == NULL) {
        return rc;
    }
    file->pMethods = &stand_in_front(file->pMethods)->ours;
    return rc;
}

void failing_disk_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "failing-disk";
    disk.vfs.xOpen = open_file;
    disk.method_count = 0;
    failing_disk_arm(DISK_FULL, 0, 0);
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

void failing_disk_remove(void)
{
    sqlite3_vfs_unregister(&disk.vfs);
    sqlite3_vfs_register(disk.real, 1);
}

void failing_disk_arm(enum failing_disk_way way, int call, int times)
{
    disk.way = way;
    disk.first = call;
    disk.times = times;
    disk.calls = 0;
}

int failing_disk_calls(void)
{
    return disk.calls;
}
