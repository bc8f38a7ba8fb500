/* SPDX-License-Identifier: MIT
 * Reads a JSON list of texts, prints the list of their token ids: tokens TOKENIZER.JSON < texts.
 * With a second argument, a model directory: their vectors instead. For tests/test_tokenizer.py,
 * which compares them with another implementation. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/model2vec.h"
#include "core/embed/tokenizer.h"
#include "core/util/buf.h"

static int fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    return 1;
}

static json_t *ids_of(const struct tokenizer *t, const char *text, size_t len)
{
    struct token_ids ids = {0};
    json_t *list = json_array();
    if (tokenizer_encode(t, text, len, &ids) < 0)
        exit(fail("out of memory"));
    for (size_t i = 0; i < ids.n; i++)
        json_array_append_new(list, json_integer(ids.id[i]));
    free(ids.id);
    return list;
}

static json_t *vector_of(struct embedder *e, const char *text, size_t len)
{
    float *v = calloc(e->dim, sizeof(*v));
    struct embed_text t = {.title = "", .body = text, .body_len = len};
    json_t *list = json_array();
    if (!v || e->embed(e->ctx, EMBED_QUERY, &t, 1, v, NULL) < 0)
        exit(fail("cannot embed"));
    for (unsigned i = 0; i < e->dim; i++)
        json_array_append_new(list, json_real(v[i]));
    free(v);
    return list;
}

int main(int argc, char **argv)
{
    struct docfs_err err = {0};
    struct buf file = {0};
    struct tokenizer *t = NULL;
    struct embedder *e = NULL;
    if (argc < 2)
        return fail("usage: tokens TOKENIZER.JSON | tokens -m DIRECTORY");
    if (argc > 2) {
        if (embed_model2vec_new(argv[2], 0, &e, &err) < 0)
            return fail(err.text);
    } else {
        FILE *f = fopen(argv[1], "re");
        if (!f || buf_read_fd(&file, fileno(f), TOKENIZER_FILE_MAX) < 0)
            return fail("cannot read the tokenizer");
        fclose(f);
        if (tokenizer_new(buf_text(&file), file.len, argv[1], &t, &err) < 0)
            return fail(err.text);
        buf_fini(&file);
    }
    json_t *texts = json_loadf(stdin, JSON_ALLOW_NUL, NULL), *one, *out = json_array();
    size_t i;
    json_array_foreach(texts, i, one)
    {
        const char *s = json_string_value(one);
        size_t len = json_string_length(one);
        json_array_append_new(out, t ? ids_of(t, s, len) : vector_of(e, s, len));
    }
    json_dumpf(out, stdout, JSON_COMPACT);
    json_decref(out);
    json_decref(texts);
    tokenizer_free(t);
    embedder_free(e);
    return 0;
}
