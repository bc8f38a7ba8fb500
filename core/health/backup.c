/* SPDX-License-Identifier: MIT
 * A backup file is the database itself with a block of text behind it, which SQLite overlooks and
 * which carries the checksum: one pass writes it, and it can be looked into with common tools. */
#include "core/docfs_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/docfs_doctor.h"
#include "core/health/page.h"
#include "core/health/service.h"
#include "core/store/backup.h"
#include "core/util/hash.h"

#define TRAILER 512
#define MAGIC "docfs-backup "
#define FORMAT 1

struct told { /* the caller's function, and the phase it is told */
    docfs_backup_fn *fn;
    void *arg;
    const char *phase;
    int64_t total;
    int fd; /* what is being written */
};

static int tell(void *arg, int64_t done, int64_t total)
{
    struct told *t = arg;
    return t->fn ? t->fn(t->arg, t->phase, done, total) : 0;
}

static int tell_done(void *arg, int64_t done)
{
    return tell(arg, done, ((struct told *)arg)->total);
}

/* ---- the block behind the database ---- */

static int write_trailer(int fd, const struct docfs_backup_info *i, const char *file,
                         struct docfs_err *err)
{
    char b[TRAILER];
    memset(b, '\n', sizeof(b));
    int n = snprintf(b, sizeof(b),
                     MAGIC "%d\nbytes %" PRId64 "\nsha256 %s\nschema %d\ngeneration %" PRIu64
                           "\ncreated %" PRId64 "\ndocuments %zu\nversion %s\n",
                     FORMAT, i->bytes, i->sha256, i->schema, i->generation, i->created_at,
                     i->documents, i->version);
    b[n] = '\n';
    if (pwrite(fd, b, sizeof(b), i->bytes) != (ssize_t)sizeof(b) || fsync(fd) < 0)
        return err_set(err, -errno, "cannot write %s: %m", file);
    return 0;
}

static int read_trailer(int fd, const char *file, struct docfs_backup_info *ret,
                        struct docfs_err *err)
{
    struct stat st;
    char b[TRAILER + 1] = "";
    if (fstat(fd, &st) < 0)
        return err_set(err, -errno, "cannot read %s: %m", file);
    if (!S_ISREG(st.st_mode) || st.st_size < TRAILER ||
        pread(fd, b, TRAILER, st.st_size - TRAILER) != TRAILER ||
        strncmp(b, MAGIC, strlen(MAGIC)) != 0)
        return err_set(err, -EBADMSG,
                       "%s is no backup of docfs, or its end is missing: copy it again", file);
    int format = atoi(b + strlen(MAGIC));
    if (format > FORMAT)
        return err_set(err, -EPROTO,
                       "%s is a backup of format %d and this docfs (%s) knows up to %d: install "
                       "the newer docfs that wrote it",
                       file, format, docfs_version(), FORMAT);
    struct docfs_backup_info i = {0};
    int n = sscanf(b,
                   MAGIC "%*d\nbytes %" SCNd64 "\nsha256 %64[0-9a-f]\nschema %d\ngeneration "
                         "%" SCNu64 "\ncreated %" SCNd64 "\ndocuments %zu\nversion %31[^\n]",
                   &i.bytes, i.sha256, &i.schema, &i.generation, &i.created_at, &i.documents,
                   i.version);
    if (n != 7 || strlen(i.sha256) != 64 || i.bytes != st.st_size - TRAILER)
        return err_set(err, -EBADMSG, "%s is damaged: its last block makes no sense", file);
    *ret = i;
    return 0;
}

/* ---- reading through ---- */

/* A database in the first bytes of a file, and what there is to know of it. */
struct reading {
    const char *file;
    int fd;
    int64_t bytes;
    const char *copy; /* file that gets these bytes, unless copy_fd is -1 */
    int copy_fd;
    char sha256[65];
    int sound; /* 0, or what is wrong and why */
    struct docfs_err why;
    int schema;
    size_t documents;
};

static void *look(void *arg)
{
    struct reading *g = arg;
    g->sound = store_check_copy(g->file, &g->schema, &g->documents, &g->why);
    return NULL;
}

static int sum(struct reading *g, struct told *t, struct docfs_err *err)
{
    unsigned char sha[SHA256_LEN];
    bool writing;
    t->total = g->bytes;
    int r = sha256_file(g->fd, g->bytes, g->copy_fd, tell_done, t, sha, &writing);
    if (r == -ECANCELED)
        return err_set(err, r, "cancelled");
    if (r < 0 && writing)
        return err_set(err, r, "cannot write %s: %s", g->copy, strerror(-r));
    if (r < 0)
        return err_set(err, r, "cannot read %s: %s", g->file, strerror(-r));
    hex_encode(sha, sizeof(sha), g->sha256);
    return 0;
}

/* The database is looked through by a thread of its own while its bytes are summed up. */
static int read_through(struct reading *g, struct told *t, struct docfs_err *err)
{
    pthread_t thread;
    bool apart = pthread_create(&thread, NULL, look, g) == 0;
    int r = sum(g, t, err);
    if (apart)
        pthread_join(thread, NULL);
    else if (r == 0)
        look(g);
    return r;
}

/* Does the file hold what its last block says? Copies the database unless copy_fd is -1. */
static int check(const char *file, const char *copy, int copy_fd, struct told *t,
                 struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct docfs_backup_info i;
    _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, -errno, "cannot open the backup %s: %m", file);
    int r = read_trailer(fd, file, &i, err);
    if (r < 0)
        return r;
    struct reading g = {.file = file, .fd = fd, .bytes = i.bytes, .copy = copy, .copy_fd = copy_fd};
    r = read_through(&g, t, err);
    if (r < 0)
        return r;
    if (strcmp(g.sha256, i.sha256) != 0)
        return err_set(err, -EBADMSG,
                       "%s is damaged: its checksum is wrong; use another copy of the backup",
                       file);
    if (g.sound < 0)
        return err_set(err, g.sound, "%s", g.why.text);
    *ret = i;
    return 0;
}

int docfs_backup_check(const char *file, docfs_backup_fn *fn, void *arg,
                       struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct told t = {.fn = fn, .arg = arg, .phase = "checking"};
    return check(file, NULL, -1, &t, ret, err);
}

/* ---- making one ---- */

static int sync_parent(const char *file)
{
    _cleanup_free_ char *dir = strdup(file);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    if (slash)
        slash[slash == dir] = '\0';
    _cleanup_close_ int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The disk writes what is copied while the rest is copied and checked. */
static int tell_copied(void *arg, int64_t done, int64_t total)
{
    struct told *t = arg;
    sync_file_range(t->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return tell(t, done, total);
}

static int fill(struct docfs *d, int fd, const char *temporary, struct told *t,
                struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct docfs_backup_info i = {.created_at = time(NULL)};
    struct stat st;
    t->fd = fd;
    t->phase = "copying";
    int r = store_copy(d->store, temporary, tell_copied, t, err);
    if (r == 0 && fstat(fd, &st) < 0)
        r = err_set(err, -errno, "cannot write %s: %m", temporary);
    if (r < 0)
        return r;
    struct reading g = {.file = temporary, .fd = fd, .bytes = st.st_size, .copy_fd = -1};
    t->phase = "checking";
    r = docfs_generation(d, &i.generation, err);
    if (r == 0)
        r = read_through(&g, t, err);
    if (r == 0 && g.sound < 0)
        r = err_set(err, g.sound, "%s", g.why.text);
    if (r < 0)
        return r;
    i.bytes = g.bytes;
    i.schema = g.schema;
    i.documents = g.documents;
    memcpy(i.sha256, g.sha256, sizeof(i.sha256));
    snprintf(i.version, sizeof(i.version), "%s", docfs_version());
    r = write_trailer(fd, &i, temporary, err);
    if (r == 0)
        *ret = i;
    return r;
}

int docfs_backup(struct docfs *d, const char *file, bool replace, docfs_backup_fn *fn, void *arg,
                 struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct stat st;
    if (lstat(file, &st) == 0 && !replace)
        return err_set(err, -EEXIST, "%s exists: name another file or give --force", file);
    _cleanup_free_ char *temporary = NULL;
    if (asprintf(&temporary, "%s.%d.part", file, (int)getpid()) < 0) {
        temporary = NULL;
        return err_oom(err);
    }
    struct told t = {.fn = fn, .arg = arg};
    struct docfs_backup_info i;
    unlink(temporary); /* of a process with this number that was killed */
    _cleanup_close_ int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, -errno, "cannot make %s: %m", file);
    int r = fill(d, fd, temporary, &t, &i, err);
    if (r == 0 && rename(temporary, file) < 0)
        r = err_set(err, -errno, "cannot make %s: %m", file);
    if (r < 0) {
        unlink(temporary);
        return r;
    }
    sync_parent(file);
    *ret = i;
    return 0;
}

/* ---- putting one back ---- */

static bool count_living(void *arg, const struct page *p, bool alive)
{
    char *where = arg;
    if (alive)
        snprintf(where, 1200, "%s %s (pid %u)", p->kind, p->place, p->pid);
    return false;
}

/* Is there a cache with something in it that may be lost? */
static int look_there(const char *path, bool replace, size_t *ret_documents, struct docfs_err *err)
{
    _cleanup_free_ char *db = NULL;
    if (asprintf(&db, "%s/docfs.db", path) < 0) {
        db = NULL;
        return err_oom(err);
    }
    struct docfs_options o = {.cache = path, .read_only = true, .must_exist = true};
    struct docfs *d = NULL;
    struct docfs_status s = {0};
    *ret_documents = 0;
    if (access(db, F_OK) < 0)
        return 0;
    bool sound = docfs_open(&o, &d, NULL) == 0 && docfs_status(d, &s, NULL) == 0;
    *ret_documents = s.documents;
    char living[1200] = "";
    _cleanup_close_ int run = d ? health_run_dir(d) : -1;
    if (run >= 0)
        page_each(run, count_living, living);
    docfs_close(d);
    if (*living)
        return err_set(err, -EBUSY, "%s uses the cache %s: end it first", living, path);
    if (replace || (sound && s.documents == 0))
        return 0;
    if (!sound)
        return err_set(err, -EEXIST,
                       "there is a cache at %s that cannot be read: --yes puts the backup in its "
                       "place and keeps it as docfs.db.damaged",
                       path);
    return err_set(err, -EEXIST,
                   "there is a cache with %zu documents at %s: --yes replaces it, --cache DIR "
                   "restores to another place",
                   s.documents, path);
}

/* What was derived from the database that is gone. */
static void drop_derived(const char *path)
{
    static const char *const names[] = {"index/vectors", "index/hnsw", "index/words"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        _cleanup_free_ char *file = NULL;
        if (asprintf(&file, "%s/%s", path, names[i]) >= 0)
            unlink(file);
        else
            file = NULL;
    }
}

/* Reads, checks and copies in one pass; nothing is touched before the copy is whole and sound. */
static int put_in_place(const char *path, const char *file, struct told *t,
                        struct docfs_backup_info *ret, struct docfs_err *err)
{
    _cleanup_free_ char *temporary = NULL;
    if (asprintf(&temporary, "%s/docfs.db.restore", path) < 0) {
        temporary = NULL;
        return err_oom(err);
    }
    _cleanup_close_ int out =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return err_set(err, -errno, "cannot write %s: %m", temporary);
    int r = check(file, temporary, out, t, ret, err);
    if (r == 0 && fsync(out) < 0)
        r = err_set(err, -errno, "cannot write %s: %m", temporary);
    if (r == 0)
        r = store_exchange(path, temporary, err);
    if (r < 0) {
        unlink(temporary);
        return r;
    }
    drop_derived(path);
    sync_parent(temporary);
    return 0;
}

int docfs_restore(const struct docfs_options *opt, const char *file, bool replace,
                  docfs_backup_fn *fn, void *arg, struct docfs_backup_info *ret,
                  size_t *ret_documents, struct docfs_err *err)
{
    struct told t = {.fn = fn, .arg = arg, .phase = "restoring"};
    struct docfs_backup_info i;
    _cleanup_free_ char *path = NULL, *why = NULL;
    int r = docfs_where(opt, &path, &why, err);
    if (r == 0)
        r = look_there(path, replace, ret_documents, err);
    bool new = r == 0 && access(path, F_OK) < 0;
    if (r == 0)
        r = docfs_make_directory(path, why, err);
    if (r == 0)
        r = put_in_place(path, file, &t, &i, err);
    if (r < 0 && new)
        rmdir(path);
    struct docfs *d = NULL;
    struct docfs_options there = {.cache = path, .must_exist = true, .set = opt->set};
    if (r == 0) /* brings an older format forward */
        r = docfs_open(&there, &d, err);
    docfs_close(d);
    if (r == 0)
        *ret = i;
    return r;
}
