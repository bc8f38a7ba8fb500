/* SPDX-License-Identifier: MIT
 * Directory, space, database and what is in it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "core/health/doctor.h"

#define MIB (INT64_C(1) << 20)
#define SPACE_FAILURE (16 * MIB)
#define SPACE_WARNING (1024 * MIB)

/* The nearest directory above that exists; owned by the caller. */
static char *nearest(const char *path)
{
    char *p = strdup(path);
    while (p && *p && access(p, F_OK) < 0) {
        char *slash = strrchr(p, '/');
        if (!slash || slash == p) {
            p[slash == p ? 1 : 0] = '\0';
            break;
        }
        *slash = '\0';
    }
    return p;
}

static const char *network_name(long type)
{
    static const struct {
        long type;
        const char *name;
    } known[] = {{0x6969, "NFS"},         {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},
                 {0x01021997, "9P"},      {0x65735546, "FUSE"}, {0x5346414f, "AFS"},
                 {0x00c36400, "Ceph"},    {0x6b414653, "AFS"},  {0x7461636f, "OCFS2"},
                 {0x47504653, "Spectrum"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if ((known[i].type & 0xffffffff) == (type & 0xffffffff))
            return known[i].name;
    return NULL;
}

/* Does an empty cache come into being here? */
static void missing(struct doctor *x)
{
    _cleanup_free_ char *above = nearest(x->path);
    struct stat st;
    struct statfs fs;
    if (!above || stat(above, &st) < 0 || !S_ISDIR(st.st_mode))
        doctor_tell(x, "cache-directory", DOCFS_FAILURE,
                    "name another directory with --cache DIR, DOCFS_CACHE or cache: in docfs.yaml",
                    "%s (%s) cannot be made: %s is not a directory", x->path, x->why,
                    above ? above : "/");
    else if (statfs(above, &fs) == 0 && (fs.f_type == 0x9fa0 || fs.f_type == 0x62656572))
        doctor_tell(x, "cache-directory", DOCFS_FAILURE,
                    "name another directory with --cache DIR, DOCFS_CACHE or cache: in docfs.yaml",
                    "%s (%s) cannot be made: the kernel's %s holds no files", x->path, x->why,
                    above);
    else if (access(above, W_OK | X_OK) < 0)
        doctor_tell(x, "cache-directory", DOCFS_FAILURE,
                    "have it made and given to this user (sudo install -d -o $USER DIR), or name "
                    "another one with --cache DIR, DOCFS_CACHE or cache: in docfs.yaml",
                    "%s (%s) cannot be made: %s in %s", x->path, x->why, strerror(errno), above);
    else {
        x->empty = true;
        doctor_tell(x, "cache-directory", DOCFS_PASS, "",
                    "%s (%s) does not exist yet; docfs add makes it", x->path, x->why);
    }
}

void doctor_directory(struct doctor *x)
{
    struct stat st;
    if (stat(x->path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        missing(x);
        return;
    }
    if (stat(x->path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        doctor_tell(x, "cache-directory", DOCFS_FAILURE,
                    "move that file away, or name a directory with --cache DIR",
                    "%s (%s) is not a directory", x->path, x->why);
        return;
    }
    if (stat(x->path, &st) < 0 || access(x->path, R_OK | X_OK) < 0) {
        doctor_tell(x, "cache-directory", DOCFS_FAILURE,
                    "give this user the right to read it (chmod, chown), or name another one with "
                    "--cache DIR",
                    "%s (%s) cannot be opened: %s", x->path, x->why, strerror(errno));
        return;
    }
    x->exists = true;
    doctor_tell(x, "cache-directory", DOCFS_PASS, "", "%s (%s)", x->path, x->why);

    if (access(x->path, W_OK) < 0)
        doctor_tell(x, "cache-rights", DOCFS_WARNING,
                    "chown or chmod the directory when this user should write; mount -o remount,rw "
                    "when the disk is read-only",
                    "the cache can only be read: %s", strerror(errno));
    else if (st.st_mode & 022)
        doctor_tell(x, "cache-rights", DOCFS_WARNING, "chmod go-w the cache directory",
                    "other users may write in %s (mode %04o)", x->path, st.st_mode & 07777);
    else
        doctor_tell(x, "cache-rights", DOCFS_PASS, "", "mode %04o, writable", st.st_mode & 07777);

    struct statfs fs;
    const char *network = statfs(x->path, &fs) == 0 ? network_name((long)fs.f_type) : NULL;
    if (network)
        doctor_tell(x, "file-system", DOCFS_WARNING,
                    "put the cache on a local disk: two machines that write to one SQLite "
                    "database over a network file system may damage it",
                    "the cache lies on a network file system (%s)", network);
    else
        doctor_tell(x, "file-system", DOCFS_PASS, "", "local");
}

void doctor_space(struct doctor *x)
{
    _cleanup_free_ char *at = nearest(x->path);
    struct statvfs v;
    if (!at || statvfs(at, &v) < 0)
        return;
    int64_t available = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    enum docfs_level level = available < SPACE_FAILURE   ? DOCFS_FAILURE
                             : available < SPACE_WARNING ? DOCFS_WARNING
                                                         : DOCFS_PASS;
    doctor_tell(x, "free-space", level,
                "free space on that disk, remove collections (docfs remove), or move the cache "
                "(docfs backup, docfs restore --cache DIR)",
                "%" PRId64 " MiB free for %s", available / MIB, x->path);
    if (v.f_files && v.f_favail < 100)
        doctor_tell(x, "free-inodes", DOCFS_FAILURE, "remove small files from that disk",
                    "only %llu more files can be made for %s", (unsigned long long)v.f_favail,
                    x->path);
}

void doctor_database(struct doctor *x)
{
    struct docfs_options o = x->opt->open;
    o.read_only = o.must_exist = true;
    _cleanup_free_ char *file = NULL;
    if (asprintf(&file, "%s/docfs.db", x->path) < 0)
        file = NULL;
    if (file && access(file, F_OK) < 0 && errno == ENOENT) {
        x->empty = true;
        doctor_tell(x, "database", DOCFS_PASS, "", "none yet; docfs add makes it");
        return;
    }
    struct docfs_err err = {0};
    int r = docfs_open(&o, &x->d, &err);
    if (r == 0) {
        struct docfs_status s;
        r = docfs_status(x->d, &s, &err);
        if (r == 0) {
            x->empty = s.documents == 0;
            doctor_tell(x, "database", DOCFS_PASS, "", "version %d, %zu documents, %" PRId64 " MiB",
                        s.schema, s.documents, s.db_bytes / MIB);
            return;
        }
    }
    const char *remedy =
        r == -EPROTO    ? "install the newer docfs that wrote it, or use another cache with --cache"
        : r == -EBADMSG ? "docfs verify --repair; if that fails, docfs restore from a backup, or "
                          "remove the cache and add the sources again"
        : r == -EACCES || r == -EPERM ? "give this user the right to read docfs.db (chmod, chown)"
        : r == -EBUSY                 ? "wait for the process that writes, or end it"
                                      : "see the reason; docfs restore brings a backup back";
    doctor_tell(x, "database", DOCFS_FAILURE, remedy, "%s", err.text);
    docfs_close(x->d);
    x->d = NULL;
}

/* A wrong directory looks like this, too: whoever starts something on it should see it. */
void doctor_documents(struct doctor *x)
{
    doctor_tell(x, "documents", DOCFS_WARNING,
                "docfs add DIRECTORY puts documentation in, and what already runs shows it at "
                "once; --cache DIR names another cache",
                "the cache %s (%s) is empty", x->path, x->why);
}

struct findings {
    struct doctor *x;
    size_t n;
};

static void on_finding(void *arg, const char *what, bool repaired)
{
    struct findings *f = arg;
    if (f->n++ < 10)
        doctor_tell(f->x, "content", DOCFS_FAILURE,
                    "docfs verify --repair; what cannot be repaired comes back with docfs restore",
                    "%s", what);
}

void doctor_content(struct doctor *x)
{
    struct docfs_err err = {0};
    struct findings f = {x, 0};
    int r = docfs_verify(x->d, false, on_finding, &f, &err);
    if (r < 0)
        doctor_tell(x, "content", DOCFS_FAILURE,
                    "docfs verify --repair; if that fails, docfs restore from a backup", "%s",
                    err.text);
    else if (r == 0 && !f.n)
        doctor_tell(x, "content", DOCFS_PASS, "",
                    "database, full text, vectors, index and model agree");
}

void doctor_services(struct doctor *x)
{
    struct docfs_health *h = NULL;
    if (docfs_health(x->d, &h, NULL) < 0)
        return;
    size_t up = 0, bad = 0;
    for (size_t i = 0; i < h->n_services; i++) {
        const struct docfs_service_info *s = &h->service[i];
        up += s->state == DOCFS_SERVICE_UP;
        /* What crashed long ago is history: docfs status shows it. */
        bool recent = s->window[DOCFS_DAY].crashes > 0;
        if (s->state != DOCFS_SERVICE_DEGRADED && !(s->state == DOCFS_SERVICE_CRASHED && recent))
            continue;
        bad++;
        doctor_tell(x, "services", DOCFS_WARNING,
                    s->state == DOCFS_SERVICE_CRASHED
                        ? "start it again (a systemd unit does that by itself); journalctl shows "
                          "its last words"
                        : "see the reason; docfs status follows it",
                    "%s %s is %s%s%s", s->kind, s->place, docfs_service_state_name(s->state),
                    *s->reason ? ": " : "", s->reason);
    }
    if (!bad)
        doctor_tell(x, "services", DOCFS_PASS, "", "%zu running, none in trouble", up);
    docfs_health_free(h);
}
