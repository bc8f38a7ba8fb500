/* SPDX-License-Identifier: MIT
 * A backup file is the database itself with a block of text behind it, which SQLite overlooks and
 * which carries the checksum: one pass writes it, and it can be looked into with common tools. */
#include "core/docfs_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#define COPY_CHUNK (1 << 20)

struct told { /* the caller's function, and the phase it is told */
    docfs_backup_fn *fn;
    void *arg;
    const char *phase;
    int64_t total;
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

static int hash(int fd, int64_t bytes, struct told *t, const char *phase, char hex[65],
                const char *file, struct docfs_err *err)
{
    unsigned char sha[SHA256_LEN];
    t->phase = phase;
    t->total = bytes;
    int r = sha256_file(fd, 0, bytes, tell_done, t, sha);
    if (r == -ECANCELED)
        return err_set(err, r, "cancelled");
    if (r < 0)
        return err_set(err, r, "cannot read %s: %s", file, strerror(-r));
    hex_encode(sha, sizeof(sha), hex);
    return 0;
}

static int check(const char *file, struct told *t, struct docfs_backup_info *ret,
                 struct docfs_err *err)
{
    struct docfs_backup_info i;
    char hex[65];
    _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, -errno, "cannot open the backup %s: %m", file);
    int r = read_trailer(fd, file, &i, err);
    if (r == 0)
        r = hash(fd, i.bytes, t, "checking", hex, file, err);
    if (r == 0 && strcmp(hex, i.sha256) != 0)
        r = err_set(err, -EBADMSG,
                    "%s is damaged: its checksum is wrong; use another copy of the backup", file);
    int schema;
    size_t documents;
    if (r == 0)
        r = store_check_copy(file, &schema, &documents, err);
    if (r == 0)
        *ret = i;
    return r;
}

int docfs_backup_check(const char *file, docfs_backup_fn *fn, void *arg,
                       struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct told t = {.fn = fn, .arg = arg};
    return check(file, &t, ret, err);
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

static int fill(struct docfs *d, const char *temporary, struct told *t,
                struct docfs_backup_info *ret, struct docfs_err *err)
{
    struct docfs_backup_info i = {.created_at = time(NULL)};
    t->phase = "copying";
    int r = store_copy(d->store, temporary, tell, t, err);
    _cleanup_close_ int fd = r < 0 ? -1 : open(temporary, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (r == 0 && (fd < 0 || fchmod(fd, 0600) < 0 || fstat(fd, &st) < 0))
        r = err_set(err, -errno, "cannot write %s: %m", temporary);
    if (r < 0)
        return r;
    i.bytes = st.st_size;
    snprintf(i.version, sizeof(i.version), "%s", docfs_version());
    r = docfs_generation(d, &i.generation, err);
    if (r == 0)
        r = store_check_copy(temporary, &i.schema, &i.documents, err);
    if (r == 0)
        r = hash(fd, i.bytes, t, "checking", i.sha256, temporary, err);
    if (r == 0)
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
    int r = fill(d, temporary, &t, &i, err);
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

static int copy_database(const char *file, int64_t bytes, const char *to, struct told *t,
                         struct docfs_err *err)
{
    _cleanup_close_ int in = open(file, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (in < 0 || out < 0)
        return err_set(err, -errno, "cannot write %s: %m", to);
    t->phase = "restoring";
    _cleanup_free_ char *b = malloc(COPY_CHUNK);
    if (!b)
        return err_oom(err);
    for (int64_t done = 0; done < bytes;) {
        size_t want = bytes - done < COPY_CHUNK ? (size_t)(bytes - done) : COPY_CHUNK;
        ssize_t n = pread(in, b, want, done);
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "cannot read %s: %s", file,
                           n < 0 ? strerror(errno) : "it has become shorter");
        for (ssize_t at = 0, m; at < n; at += m)
            if ((m = write(out, b + at, (size_t)(n - at))) <= 0)
                return err_set(err, -errno, "cannot write %s: %m", to);
        done += n;
        if (tell(t, done, bytes) != 0)
            return err_set(err, -ECANCELED, "cancelled");
    }
    return fsync(out) < 0 ? err_set(err, -errno, "cannot write %s: %m", to) : 0;
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

static int put_in_place(const char *path, const char *file, const struct docfs_backup_info *i,
                        struct told *t, struct docfs_err *err)
{
    _cleanup_free_ char *temporary = NULL;
    if (asprintf(&temporary, "%s/docfs.db.restore", path) < 0) {
        temporary = NULL;
        return err_oom(err);
    }
    int r = copy_database(file, i->bytes, temporary, t, err);
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
    struct told t = {.fn = fn, .arg = arg};
    struct docfs_backup_info i;
    _cleanup_free_ char *path = NULL, *why = NULL;
    int r = docfs_where(opt, &path, &why, err);
    if (r == 0)
        r = look_there(path, replace, ret_documents, err);
    if (r == 0)
        r = check(file, &t, &i, err);
    if (r == 0)
        r = docfs_make_directory(path, why, err);
    if (r == 0)
        r = put_in_place(path, file, &i, &t, err);
    struct docfs *d = NULL;
    struct docfs_options there = {.cache = path, .must_exist = true, .set = opt->set};
    if (r == 0) /* brings an older format forward */
        r = docfs_open(&there, &d, err);
    docfs_close(d);
    if (r == 0)
        *ret = i;
    return r;
}
