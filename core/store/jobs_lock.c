/* SPDX-License-Identifier: MIT
 * Byte `id` of jobs.lock is locked while job `id` runs. The locks belong to the open file, so
 * threads of one process exclude each other too, and closing another descriptor drops nothing. */
#include "core/store/internal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int open_lock(const struct store *s, int flags)
{
    _cleanup_free_ char *file = NULL;
    if (asprintf(&file, "%s/jobs.lock", s->dir) < 0) {
        file = NULL;
        return -1;
    }
    return open(file, flags | O_CLOEXEC, 0600);
}

static struct flock byte_of(int64_t job, int type)
{
    return (struct flock){
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = (off_t)job, .l_len = 1};
}

/* Where no lock can be made the pid has to do. */
void job_lock(struct store_write *w, int64_t job)
{
    if (w->s->jobs_fd < 0)
        w->s->jobs_fd = open_lock(w->s, O_RDWR | O_CREAT);
    struct flock l = byte_of(job, F_WRLCK);
    if (w->s->jobs_fd >= 0)
        fcntl(w->s->jobs_fd, F_OFD_SETLK, &l);
    w->job_locked = job;
}

void job_settle(struct store_write *w, bool committed)
{
    /* A run that could not even write its end is as good as dead: others may take it over. */
    int64_t job = w->job_unlocked ? w->job_unlocked : committed ? 0 : w->job_locked;
    struct flock l = byte_of(job, F_UNLCK);
    if (job && w->s->jobs_fd >= 0)
        fcntl(w->s->jobs_fd, F_OFD_SETLK, &l);
}

void store_job_abandon(struct store *s, int64_t job)
{
    struct flock l = byte_of(job, F_UNLCK);
    if (s->jobs_fd >= 0)
        fcntl(s->jobs_fd, F_OFD_SETLK, &l);
}

bool job_alive(const struct store *s, int64_t job, int64_t pid)
{
    /* A description of its own: a lock never conflicts with the one it was taken through. */
    _cleanup_close_ int fd = open_lock(s, O_RDONLY);
    struct flock l = byte_of(job, F_WRLCK);
    if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0)
        return l.l_type != F_UNLCK;
    if (fd < 0 && errno == ENOENT)
        return false;
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}
