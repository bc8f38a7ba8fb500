/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/clock.h"

int ingest_env(struct docfs *d, const struct docfs_ingest_options *opt, struct source_env *ret,
               struct docfs_err *err)
{
    char *tokens = setting_text(d, "sources.token_file");
    char *catalogue = setting_text(d, "sources.catalogue");
    if (!tokens || !catalogue) {
        free(tokens);
        free(catalogue);
        return err_oom(err);
    }
    *ret = (struct source_env){
        .cache_dir = d->path,
        .token_file = tokens,
        .catalogue = catalogue,
        .allow_private = setting_int(d, "sources.allow_private") != 0,
        .options = opt ? opt->options : NULL,
        .remote_caller = opt && opt->remote,
        .limits = {.max_bytes = setting_int(d, "sources.max_bytes"),
                   .max_entries = setting_int(d, "sources.max_entries"),
                   .max_ratio = setting_int(d, "sources.max_ratio"),
                   .max_nesting = setting_int(d, "sources.max_nesting"),
                   .max_redirects = (int)setting_int(d, "sources.max_redirects"),
                   .max_sitemaps = (size_t)setting_int(d, "sources.max_sitemaps"),
                   .max_sitemap_depth = (unsigned)setting_int(d, "sources.max_sitemap_depth"),
                   .max_hosts = (size_t)setting_int(d, "sources.max_hosts"),
                   .max_headers = (size_t)setting_int(d, "sources.max_headers"),
                   .max_memory = (size_t)setting_int(d, "sources.max_memory"),
                   .max_links = (size_t)setting_int(d, "sources.max_links"),
                   .delay_ms = (unsigned)setting_int(d, "sources.max_delay"),
                   .timeout_ms = (unsigned)setting_int(d, "sources.timeout"),
                   .page_ms = (unsigned)setting_int(d, "sources.page_timeout"),
                   .stall_ms = (unsigned)setting_int(d, "sources.stall")},
    };
    return 0;
}

void ingest_env_fini(struct source_env *env)
{
    free((char *)env->token_file);
    free((char *)env->catalogue);
    *env = (struct source_env){0};
}

/* NAME or NAME@VERSION for what was found, from the place's own wish or its location. */
static void name_collection(const struct source_place *p, char ret[101])
{
    char version[101];
    collection_name_from_path(p->name ? p->name : p->location, ret);
    for (char *at = ret; (at = strchr(at, '@'));)
        *at = '-';
    if (!p->version || !*p->version)
        return;
    collection_name_from_path(p->version, version);
    size_t n = strlen(ret), m = strlen(version);
    if (n > 98)
        n = 98;
    if (m > 99 - n)
        m = 99 - n;
    ret[n++] = '@';
    memcpy(ret + n, version, m);
    ret[n + m] = '\0';
}

/* Options stored when the same source was added before; *ret NULL when it is new. A collection of
 * another source is refused unless it was named: two directories called docs would be mixed. */
static int known_options(struct docfs *d, const char *collection, bool named,
                         const struct source_place *p, char **ret, struct docfs_err *err)
{
    struct store_sources known = {0};
    const char *other = NULL;
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_list_sources(r, collection, &known, err);
    if (rc == -ENOENT)
        return 0;
    for (size_t i = 0; rc == 0 && !*ret && i < known.n; i++) {
        const struct store_source *s = &known.item[i];
        if (strcmp(s->collection_name, collection) != 0)
            continue;
        if (strcmp(s->location, p->location) != 0)
            other = s->location;
        else if (strcmp(s->kind, p->kind->name) == 0 && !(*ret = strdup(s->options)))
            rc = err_oom(err);
    }
    if (rc == 0 && !*ret && other && !named)
        rc = err_set(err, -EEXIST,
                     "the collection %s holds %s already: name another one (--collection NAME), or "
                     "%s itself to add to it",
                     collection, *other ? other : "documents of its own", collection);
    store_sources_fini(&known);
    return rc;
}

static int add_place(struct docfs *d, const struct source_place *p,
                     const struct docfs_ingest_options *given, docfs_progress_fn *progress,
                     void *arg, struct docfs_report *ret, struct docfs_err *err)
{
    char derived[101];
    struct docfs_ingest_options opt = given ? *given : (struct docfs_ingest_options){0};
    if (!opt.collection) {
        name_collection(p, derived);
        opt.collection = derived;
    }
    _cleanup_free_ char *options = NULL;
    int rc = collection_name_check(opt.collection, err);
    if (rc == 0)
        rc = known_options(d, opt.collection, given && given->collection, p, &options, err);
    if (rc < 0)
        return rc;
    if (!options && !opt.include)
        opt.include = (const char *const *)p->include;
    if (!options && !opt.exclude)
        opt.exclude = (const char *const *)p->exclude;
    return ingest_source(d,
                         &(struct ingest_ask){.collection = opt.collection,
                                              .location = p->location,
                                              .kind = p->kind,
                                              .root = p->root,
                                              .stored_options = options,
                                              .opt = &opt,
                                              .progress = progress,
                                              .arg = arg},
                         ret, err);
}

int docfs_add(struct docfs *d, const char *location, const struct docfs_ingest_options *opt,
              docfs_progress_fn *progress, void *arg, struct docfs_report *ret,
              struct docfs_err *err)
{
    *ret = (struct docfs_report){0};
    _cleanup_(source_place_fini) struct source_place place = {0};
    _cleanup_(ingest_env_fini) struct source_env env = {0};
    struct source_request req = {.arg = location,
                                 .kind = opt ? opt->kind : NULL,
                                 .ref = opt ? opt->ref : NULL,
                                 .subdir = opt ? opt->subdir : NULL};
    int rc = cache_writable(d, err);
    if (rc == 0)
        rc = ingest_env(d, opt, &env, err);
    if (rc == 0)
        rc = source_resolve(&env, &req, &place, err);
    return rc < 0 ? rc : add_place(d, &place, opt, progress, arg, ret, err);
}

static int put_raw(struct ingest_run *run, struct store_write *w, const struct docfs_raw *doc,
                   struct docfs_err *err)
{
    struct work_page wp = {0};
    bool changed;
    struct page page = {.title = (char *)doc->title,
                        .markdown = (char *)doc->markdown,
                        .len = doc->len,
                        .source_url = (char *)doc->url};
    struct embedder *e = run->codes_fit ? run->embedder : NULL;
    int rc = work_embed(e, page.title, page.markdown, page.len, &wp);
    hygiene_check(page.markdown, page.len, NULL, 0, &wp.hygiene);
    if (rc == 0)
        rc = work_store(w, e, run->source, doc->path, &page, "markdown", clock_wall_ns(), &wp,
                        &changed, err);
    else
        err_oom(err);
    work_page_fini(&wp);
    return rc;
}

static int put_raws(struct ingest_run *run, const char *collection, const struct docfs_raw *doc,
                    size_t n, struct docfs_err *err)
{
    struct store_write *w = NULL;
    int64_t c;
    int rc = store_write_begin(run->d->store, &w, err);
    if (rc < 0)
        return rc;
    if (run->embedder)
        rc = store_vectors_of(w, false, run->embedder->fingerprint, &run->codes_fit, err);
    if (rc == 0)
        rc = store_put_collection(w, collection, &c, err);
    if (rc >= 0)
        rc = store_put_source(w, c, "raw", "", "{}", &run->source, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = put_raw(run, w, &doc[i], err);
    return store_write_end(w, rc, err);
}

int docfs_add_raw(struct docfs *d, const char *collection, const struct docfs_raw *doc, size_t n,
                  struct docfs_err *err)
{
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    struct docfs_report report = {0};
    struct embed_outcome out;
    int rc = cache_writable(d, err);
    if (rc == 0)
        rc = collection_name_check(collection, err);
    if (rc == 0)
        rc = embedding_begin(d, &e, err);
    if (rc < 0)
        return rc;
    struct ingest_run run = {.d = d, .report = &report, .embedder = e && !e->costly ? e : NULL};
    rc = put_raws(&run, collection, doc, n, err);
    return rc < 0 || run.codes_fit ? rc : reembed(d, NULL, &out, err);
}

int docfs_remove_raw(struct docfs *d, const char *collection, const char *path,
                     struct docfs_err *err)
{
    struct store_write *w = NULL;
    struct store_sources sources = {0};
    struct store_read *r = NULL;
    int64_t source = 0;
    int rc = cache_writable(d, err);
    if (rc == 0)
        rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_list_sources(r, collection, &sources, err);
    for (size_t i = 0; rc >= 0 && i < sources.n; i++)
        if (strcmp(sources.item[i].kind, "raw") == 0)
            source = sources.item[i].id;
    store_sources_fini(&sources);
    store_read_end(r);
    if (rc >= 0)
        rc = source ? store_write_begin(d->store, &w, err)
                    : err_set(err, -ENOENT, "nothing was put into %s by itself", collection);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_remove_file(w, source, path, err), err);
}
