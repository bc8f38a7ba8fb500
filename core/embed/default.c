/* SPDX-License-Identifier: MIT
 * Which embedder a docfs without settings uses: the trained model that came with it. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/embed.h"
#include "core/embed/static.h"
#include "core/util/cleanup.h"

#define MODEL_FILE "docfs.model"
#define PARENTS 4 /* of the folder of the program or library, in a build tree */

static int present(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The model beside a program or library at `file`: in a build tree or in its prefix. */
static bool beside(const char *file, char *path, size_t size)
{
    char *real = realpath(file, NULL);
    bool found = false;
    if (!real)
        return false;
    for (int i = 0; i < PARENTS && !found; i++) {
        char *slash = strrchr(real, '/');
        if (!slash)
            break;
        *slash = '\0';
        int n = snprintf(path, size, "%s/core/embed/" MODEL_FILE, real);
        found = n > 0 && (size_t)n < size && present(path);
        if (!found) {
            n = snprintf(path, size, "%s/share/docfs/" MODEL_FILE, real);
            found = n > 0 && (size_t)n < size && present(path);
        }
    }
    free(real);
    return found;
}

int embed_model_path(char *path, size_t size)
{
    const char *asked = secure_getenv("DOCFS_MODEL");
    Dl_info here;
    if (asked && *asked)
        return (size_t)snprintf(path, size, "%s", asked) < size ? 0 : -ENAMETOOLONG;
    if (beside("/proc/self/exe", path, size) ||
        (dladdr((const void *)embed_model_path, &here) && here.dli_fname &&
         beside(here.dli_fname, path, size)))
        return 0;
    snprintf(path, size, "%s", DOCFS_DATADIR "/" MODEL_FILE);
    return present(path) ? 0 : -ENOENT;
}

int embed_builtin_new(struct embedder **ret, struct docfs_err *err)
{
    char path[4096];
    int r = embed_model_path(path, sizeof(path));
    if (r == -ENAMETOOLONG)
        return err_set(err, r, "DOCFS_MODEL is too long");
    if (r == -ENOENT || strcmp(path, "none") == 0)
        return embed_hash_new(ret, err);
    return embed_static_new(path, ret, err);
}
