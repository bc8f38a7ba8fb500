/* SPDX-License-Identifier: MIT
 * The FTS5 tokenizer "docfs": the words of token_each(), stemmed.
 *
 * Documents: parts of identifiers lie at the place of the whole, so that "write" finds
 * writeBoolean. Queries: no parts, because FTS5 reads words at one place as alternatives and
 * "os.path" would then match every "path"; who wants the parts writes them. */
#include "core/store/internal.h"
#include "core/text/token.h"

static int tokenizer_create(void *arg, const char **argv, int argc, Fts5Tokenizer **ret)
{
    static char none; /* it has no state: the stemmer is the thread's */
    *ret = (Fts5Tokenizer *)&none;
    return SQLITE_OK;
}

static void tokenizer_delete(Fts5Tokenizer *arg) {}

struct run {
    void *ctx;
    int (*emit)(void *ctx, int flags, const char *token, int len, int start, int end);
    bool query;
};

static int on_token(void *arg, const struct token *token)
{
    const struct run *run = arg;
    if (token->part && run->query)
        return 0;
    char word[TOKEN_MAX + 8];
    size_t len = token->len < TOKEN_MAX ? token->len : TOKEN_MAX;
    memcpy(word, token->text, len);
    word[len] = '\0';
    len = token_stem(word, len);
    return run->emit(run->ctx, token->part ? FTS5_TOKEN_COLOCATED : 0, word, (int)len,
                     (int)token->start, (int)token->end);
}

static int tokenizer_run(Fts5Tokenizer *arg, void *ctx, int flags, const char *text, int len,
                         int (*emit)(void *, int, const char *, int, int, int))
{
    struct run run = {ctx, emit, flags & FTS5_TOKENIZE_QUERY};
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
