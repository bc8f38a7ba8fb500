/* SPDX-License-Identifier: MIT
 * Settings, helper programs and the machine. */
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "core/health/doctor.h"
#include "core/util/buf.h"

#define MIB (INT64_C(1) << 20)

static void on_file(void *arg, const char *path, bool exists)
{
    struct stat st;
    if (exists && stat(path, &st) == 0 && (st.st_mode & 002))
        doctor_tell(arg, "settings", DOCFS_WARNING, "chmod o-w that file",
                    "everybody may write the settings file %s", path);
}

static void on_stranger(void *arg, const char *name, const char *near)
{
    char remedy[256];
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean %s? Otherwise remove the variable", near);
    else
        snprintf(remedy, sizeof(remedy), "remove the variable; docfs config lists the settings");
    doctor_tell(arg, "settings", DOCFS_WARNING, remedy,
                "the environment variable %s is no setting of docfs", name);
}

void doctor_settings(struct doctor *x)
{
    struct docfs_err err = {0};
    enum docfs_level before = x->worst;
    if (docfs_where(&x->opt->open, &x->path, &x->why, &err) < 0) {
        doctor_tell(x, "settings", DOCFS_FAILURE,
                    "correct that line, variable or option; docfs config check FILE tries a file",
                    "%s", err.text);
        return;
    }
    config_files(on_file, x, NULL);
    config_strangers(on_stranger, x);
    if (x->worst == before)
        doctor_tell(x, "settings", DOCFS_PASS, "", "files and environment are understood");
}

/* ---- helper programs ---- */

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (path = path && *path ? path : "/usr/bin:/bin"; *path;) {
        size_t n = strcspn(path, ":");
        char file[4096];
        snprintf(file, sizeof(file), "%.*s/%s", (int)n, n ? path : ".", program);
        if (access(file, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

void doctor_helpers(struct doctor *x)
{
    static const struct {
        const char *program, *package, *use;
    } helpers[] = {
        {"pdftotext", "poppler-utils", "PDF files are read"},
        {"mandoc", "mandoc", "manual pages are read"},
        {"git", "git", "git repositories are read"},
    };
    for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
        char remedy[128], name[64];
        snprintf(remedy, sizeof(remedy), "sudo apt install %s", helpers[i].package);
        snprintf(name, sizeof(name), "helper-%s", helpers[i].program);
        bool found = in_path(helpers[i].program);
        doctor_tell(x, name, found ? DOCFS_PASS : DOCFS_WARNING, remedy, "%s %s, with which %s",
                    helpers[i].program, found ? "is there" : "is not in PATH", helpers[i].use);
    }
}

/* ---- the machine ---- */

void doctor_time(struct doctor *x)
{
    time_t now = time(NULL);
    int64_t newest = 0;
    struct docfs_collections *c = NULL;
    if (x->d && docfs_collections(x->d, &c, NULL) == 0) {
        for (size_t i = 0; i < c->n; i++) {
            newest = c->item[i].changed_at > newest ? c->item[i].changed_at : newest;
            newest = c->item[i].checked_at > newest ? c->item[i].checked_at : newest;
        }
        docfs_collections_free(c);
    }
    static const char remedy[] = "set the clock (timedatectl set-ntp true)";
    if (now < 1735689600) /* 2025, when this program did not exist yet */
        doctor_tell(x, "time", DOCFS_FAILURE, remedy, "the clock is years behind");
    else if (newest > now + 120)
        doctor_tell(x, "time", DOCFS_WARNING, remedy,
                    "the cache was written %" PRId64 " s in the future: the clock was set back",
                    newest - (int64_t)now);
    else
        doctor_tell(x, "time", DOCFS_PASS, "", "plausible");
}

void doctor_locale(struct doctor *x)
{
    /* A handle of its own: the process's locale stays. */
    locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!l) {
        const char *v = getenv("LC_ALL");
        v = v && *v ? v : getenv("LC_CTYPE");
        v = v && *v ? v : getenv("LANG");
        doctor_tell(x, "locale", DOCFS_WARNING,
                    "export LC_ALL=C.UTF-8, or generate the locale (dpkg-reconfigure locales)",
                    "the locale %s is not installed", v ? v : "of the environment");
        return;
    }
    const char *set = nl_langinfo_l(CODESET, l);
    bool utf8 = strcmp(set, "UTF-8") == 0;
    /* The C locale is what services run in; docfs itself always works in UTF-8. */
    bool plain = strcmp(set, "ANSI_X3.4-1968") == 0;
    doctor_tell(x, "locale", utf8 || plain ? DOCFS_PASS : DOCFS_WARNING,
                "export LC_ALL=C.UTF-8: shells show file names of the mount wrongly otherwise",
                "character set %s", set);
    freelocale(l);
}

static int64_t number_in(const char *path, const char *key)
{
    _cleanup_(fclosep) FILE *f = fopen(path, "re");
    char line[256];
    while (f && fgets(line, sizeof(line), f))
        if (!key)
            return *line >= '0' && *line <= '9' ? strtoll(line, NULL, 10) : -1;
        else if (strncmp(line, key, strlen(key)) == 0)
            return strtoll(line + strlen(key), NULL, 10) * 1024;
    return -1;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

void doctor_memory(struct doctor *x)
{
    int64_t available = number_in("/proc/meminfo", "MemAvailable:");
    int64_t limit = number_in("/sys/fs/cgroup/memory.max", NULL);
    int64_t used = number_in("/sys/fs/cgroup/memory.current", NULL);
    if (limit >= 0 && used >= 0)
        available = least(available, limit > used ? limit - used : 0);
    struct rlimit l;
    if (getrlimit(RLIMIT_AS, &l) == 0 && l.rlim_cur != RLIM_INFINITY)
        available = least(available, (int64_t)l.rlim_cur);
    if (available < 0)
        return;
    struct docfs_status s = {0};
    int64_t need = 64 * MIB; /* and the vectors, which are searched in memory */
    if (x->d && docfs_status(x->d, &s, NULL) == 0)
        need += 2 * s.index_bytes;
    enum docfs_level level = available < need       ? DOCFS_FAILURE
                             : available < 4 * need ? DOCFS_WARNING
                                                    : DOCFS_PASS;
    doctor_tell(x, "memory", level,
                "end other programs, raise the limit of the service, container or shell "
                "(MemoryMax=, --memory, ulimit -v), or add memory",
                "%" PRId64 " MiB to be had, this cache wants %" PRId64 " MiB", available / MIB,
                need / MIB);
}

void doctor_limits(struct doctor *x)
{
    struct rlimit files = {RLIM_INFINITY, RLIM_INFINITY}, size = files;
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_FSIZE, &size);
    if (files.rlim_max < 64)
        doctor_tell(x, "limits", DOCFS_FAILURE,
                    "raise it (ulimit -n 1024, LimitNOFILE= in the unit)",
                    "only %llu files may be open", (unsigned long long)files.rlim_max);
    else if (files.rlim_cur < 256)
        doctor_tell(x, "limits", DOCFS_WARNING,
                    "raise it (ulimit -n 1024, LimitNOFILE= in the unit)",
                    "only %llu files may be open", (unsigned long long)files.rlim_cur);
    else if (size.rlim_cur != RLIM_INFINITY)
        doctor_tell(x, "limits", DOCFS_WARNING,
                    "remove the limit (ulimit -f unlimited, LimitFSIZE= in the unit)",
                    "files may grow to %llu bytes only, and the database is one file",
                    (unsigned long long)size.rlim_cur);
    else
        doctor_tell(x, "limits", DOCFS_PASS, "", "%llu open files",
                    (unsigned long long)files.rlim_cur);
}
