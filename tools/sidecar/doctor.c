/* SPDX-License-Identifier: MIT
 * What docfs serve needs before it starts: its addresses. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/internal.h"

/* Is a server of this cache the one that has the address? */
static bool ours(struct docfs *d, const char *spec)
{
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    if (!d || docfs_health(d, &h, NULL) < 0)
        return false;
    for (size_t i = 0; i < h->n_services; i++)
        if (h->service[i].state <= DOCFS_SERVICE_DEGRADED &&
            strcmp(h->service[i].kind, "serve") == 0 && strstr(h->service[i].place, spec))
            return true;
    return false;
}

enum docfs_level docfs_serve_doctor(struct docfs *d, const char *const *listen, size_t n,
                                    docfs_check_fn *fn, void *arg)
{
    static const char *const fallback[] = {SERVE_DEFAULT_LISTEN};
    enum docfs_level worst = DOCFS_PASS;
    if (!n) {
        listen = fallback;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        struct listener l;
        struct docfs_err err = {0};
        int r = listener_open(&l, listen[i], &err);
        enum docfs_level level = r < 0 ? DOCFS_FAILURE : DOCFS_PASS;
        if (r >= 0) {
            listener_close(&l);
            docfs_check_tell(fn, arg, "port", level, "", "%s is free", listen[i]);
        } else if (ours(d, listen[i])) {
            level = DOCFS_PASS;
            docfs_check_tell(fn, arg, "port", level, "", "%s is served by this cache's docfs serve",
                             listen[i]);
        } else {
            docfs_check_tell(
                fn, arg, "port", level,
                r == -EADDRINUSE
                    ? "end the program that has it (ss -ltnp shows which), or take another one: "
                      "docfs serve --listen 127.0.0.1:0"
                : r == -EACCES ? "ports below 1024 are for root: take a higher one"
                               : "write an address of this machine: docfs serve --listen ADDR:PORT",
                "%s", err.text);
        }
        worst = level > worst ? level : worst;
    }
    return worst;
}
