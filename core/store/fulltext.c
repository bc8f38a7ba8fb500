/* SPDX-License-Identifier: MIT
 * The FTS5 tokenizer "docfs": the words of token_each(), stemmed.
 *
 * Documents: parts of identifiers lie at the place of the whole, so that "write" finds
 * writeBoolean. Queries: no parts, because FTS5 reads words at one place as alternatives and
 * "os.path" would then match every "path"; who wants the parts writes them. */
#include "core/store/internal.h"
#include "core/text/token.h"

/* Stemming costs more than the rest of tokenising and the words of documentation repeat: what was
 * stemmed last with the same hash is remembered. Only for documents; queries are short. */
#define MEMO 8192
#define MEMO_WORD 22

struct memo {
    unsigned char len, stem; /* of the word, of its stem; len 0 = free */
    char word[MEMO_WORD], text[MEMO_WORD];
};

struct tokenizer {
    struct memo *memo; /* MEMO slots, or NULL until the first document */
};

static int tokenizer_create(void *arg, const char **argv, int argc, Fts5Tokenizer **ret)
{
    struct tokenizer *t = calloc(1, sizeof(*t));
    if (!t)
        return SQLITE_NOMEM;
    *ret = (Fts5Tokenizer *)t;
    return SQLITE_OK;
}

static void tokenizer_delete(Fts5Tokenizer *arg)
{
    struct tokenizer *t = (struct tokenizer *)arg;
    free(t->memo);
    free(t);
}

struct run {
    struct tokenizer *t;
    void *ctx;
    int (*emit)(void *ctx, int flags, const char *token, int len, int start, int end);
    bool query;
};

static size_t stem(struct tokenizer *t, const char *word, size_t len, char out[TOKEN_MAX + 8])
{
    struct memo *m = NULL;
    if (t->memo && len <= MEMO_WORD) {
        m = &t->memo[hash64(word, len, 0) & (MEMO - 1)];
        if (m->len == len && memcmp(m->word, word, len) == 0) {
            memcpy(out, m->text, MEMO_WORD);
            return m->stem;
        }
    }
    memcpy(out, word, len);
    out[len] = '\0';
    size_t n = token_stem(out, len);
    if (m && n <= MEMO_WORD) {
        m->len = (unsigned char)len;
        m->stem = (unsigned char)n;
        memcpy(m->word, word, len);
        memcpy(m->text, out, n);
    }
    return n;
}

static int on_token(void *arg, const struct token *token)
{
    const struct run *run = arg;
    if (token->part && run->query)
        return 0;
    char word[TOKEN_MAX + 8];
    size_t len = token->len < TOKEN_MAX ? token->len : TOKEN_MAX;
    len = stem(run->t, token->text, len, word);
    return run->emit(run->ctx, token->part ? FTS5_TOKEN_COLOCATED : 0, word, (int)len,
                     (int)token->start, (int)token->end);
}

static int tokenizer_run(Fts5Tokenizer *arg, void *ctx, int flags, const char *text, int len,
                         int (*emit)(void *, int, const char *, int, int, int))
{
    struct tokenizer *t = (struct tokenizer *)arg;
    struct run run = {t, ctx, emit, flags & FTS5_TOKENIZE_QUERY};
    if (!t->memo && flags & FTS5_TOKENIZE_DOCUMENT)
        t->memo = calloc(MEMO, sizeof(*t->memo)); /* without it only slower */
    return text && len > 0 ? token_each(text, (size_t)len, on_token, &run) : SQLITE_OK;
}

int fulltext_register(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    fts5_api *api = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(st);
        rc = sqlite3_finalize(st);
    }
    if (rc == SQLITE_OK && !api)
        rc = SQLITE_ERROR;
    if (rc != SQLITE_OK)
        return rc;
    fts5_tokenizer tokenizer = {tokenizer_create, tokenizer_delete, tokenizer_run};
    rc = api->xCreateTokenizer(api, "docfs", NULL, &tokenizer, NULL);
    return rc == SQLITE_OK ? rank_register(api) : rc;
}

static int count_token(void *arg, const struct token *token)
{
    int64_t *n = arg;
    *n += !token->part;
    return 0;
}

int64_t fulltext_count(const char *text, size_t len)
{
    int64_t n = 0;
    token_each(text, len, count_token, &n);
    return n;
}
