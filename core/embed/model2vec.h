/* SPDX-License-Identifier: MIT */
#pragma once
#include "core/embed/embed.h"

/* A directory with model.safetensors and tokenizer.json, as model2vec and sentence-transformers
 * (StaticEmbedding) write them: the vector of a text is the mean of the rows of its tokens, at
 * unit length. dim: keep the first components only, 0 = all. The files must not change while it is
 * open. -ENOENT, -EINVAL (damaged, or of a kind that is not supported), -EACCES, -EIO, -ENOMEM; the
 * message names the file. */
int embed_model2vec_new(const char *directory, unsigned dim, struct embedder **ret,
                        struct docfs_err *err);
