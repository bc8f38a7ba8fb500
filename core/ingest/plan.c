/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void plan_fini(struct plan *p)
{
    source_files_fini(&p->files);
    store_files_fini(&p->old);
    free(p->action);
    free(p->known);
    free(p->todo);
    free(p->gone);
    *p = (struct plan){0};
}

static bool same_state(const struct source_file *f, const struct store_file *old)
{
    if (old->includes)
        return false;
    /* A failed file is tried again: its helper program may be installed by now. */
    if (f->version)
        return strcmp(f->version, old->version) == 0 && !old->failed;
    return f->size == old->size && f->mtime_ns == old->mtime_ns && !old->failed;
}

/* Refused before it was read: the limit may have been raised by now. */
static bool was_read(const struct store_file *old)
{
    return old->ok || old->has_sha;
}

/* Both lists are ordered bytewise by path: one merge pass. */
static void compare(struct plan *p, bool all)
{
    size_t i = 0, j = 0;
    while (i < p->files.n || j < p->old.n) {
        int c = i == p->files.n ? 1
                : j == p->old.n ? -1
                                : strcmp(p->files.item[i].path, p->old.item[j].path);
        if (c > 0) {
            p->gone[p->n_gone++] = j++;
            continue;
        }
        struct source_file *f = &p->files.item[i];
        if (c == 0)
            p->known[i] = (uint32_t)j + 1;
        if (f->refused) {
            /* What was read before and is refused now leaves. */
            bool same = c == 0 && !all && !p->old.item[j].ok && same_state(f, &p->old.item[j]);
            p->action[i] = same ? PLAN_UNCHANGED : PLAN_REFUSED;
        } else if (c == 0 && !all && same_state(f, &p->old.item[j]) && was_read(&p->old.item[j])) {
            p->action[i] = PLAN_UNCHANGED;
        } else {
            p->action[i] = PLAN_CONVERT;
            p->todo[p->n_todo++] = i;
            p->todo_bytes += f->size;
        }
        i++;
        j += c == 0;
    }
}

int plan_make(struct store_read *r, int64_t source, bool all, struct plan *ret,
              struct docfs_err *err)
{
    int rc = store_list_files(r, source, &ret->old, err);
    if (rc == 0) {
        ret->action = calloc(ret->files.n + 1, sizeof(*ret->action));
        ret->known = calloc(ret->files.n + 1, sizeof(*ret->known));
        ret->todo = calloc(ret->files.n + 1, sizeof(*ret->todo));
        ret->gone = calloc(ret->old.n + 1, sizeof(*ret->gone));
        if (!ret->action || !ret->known || !ret->todo || !ret->gone)
            rc = err_oom(err);
    }
    if (rc < 0) {
        plan_fini(ret);
        return rc;
    }
    compare(ret, all);
    return 0;
}
