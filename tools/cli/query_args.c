/* SPDX-License-Identifier: MIT */
#include "tools/cli/query_args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "core/util/utf8.h"

const char *const query_modes[] = {"hybrid", "lex", "vec", "exact", NULL};

enum query_mode query_mode_of(const char *name)
{
    for (size_t i = 0; name && query_modes[i]; i++)
        if (strcmp(query_modes[i], name) == 0)
            return (enum query_mode)i;
    return MODE_HYBRID;
}

int query_from_args(const char *text, const struct query_args *a, struct query **ret,
                    struct docfs_err *err)
{
    _cleanup_buf_ struct buf b = {0};
    if (a->k)
        buf_addf(&b, " k=%u", a->k);
    if (a->all)
        buf_adds(&b, " copies=all");
    if (a->mode)
        buf_addf(&b, " mode=%s", a->mode);
    for (size_t i = 0; i < a->in.n; i++) {
        if (strchr(a->in.item[i], '"'))
            return err_set(err, -EINVAL, "no collection can be called '%s'", a->in.item[i]);
        buf_addf(&b, " in=\"%s\"", a->in.item[i]);
    }
    return buf_status(&b) < 0 ? err_oom(err)
                              : query_parse_with(text, strlen(text), buf_text(&b), ret, err);
}

int query_from_words(const char *text, unsigned k, enum query_mode mode, struct query **ret,
                     struct docfs_err *err)
{
    _cleanup_buf_ struct buf b = {0}, canonical = {0};
    buf_addc(&b, '=');
    buf_adds(&b, text);
    if (buf_status(&b) < 0)
        return err_oom(err);
    struct query *q = NULL;
    int r = query_parse(b.data, utf8_cut(b.data, b.len, QUERY_MAX), false, &q, err);
    if (r < 0)
        return r;
    /* The canonical text is the key of the result cache: it must tell these apart, too. */
    buf_addf(&canonical, "k=%u mode=%s copies=all %s", k, query_mode_name(mode), q->canonical);
    if (buf_status(&canonical) < 0) {
        query_free(q);
        return err_oom(err);
    }
    free(q->canonical);
    q->canonical = buf_steal(&canonical, NULL);
    q->k = k;
    q->all_copies = true; /* a measurement counts every document, and nothing that was learned */
    q->plain = true;
    q->mode = mode;
    *ret = q;
    return 0;
}
