/* SPDX-License-Identifier: MIT
 * The file index/hnsw: what FAISS writes, with a stamp in front and checksums behind.
 *
 *   0     struct graph_header, 128 bytes
 *   128   the FAISS index, `payload` bytes
 *   ...   checksum of each block of GRAPH_BLOCK payload bytes, uint64_t each
 *
 * FAISS trusts what it reads, so the bytes reach it through a stream that checks each block before
 * handing it out, and nothing can change in between. All blocks are checked once before that, too:
 * FAISS 1.7.3 loses what it has read so far when a read fails. */
#pragma once
#include <stdio.h>
#include "core/index/base.h"
#include "core/index/newfile.h"

#define GRAPH_MAGIC "docfsgra"
#define GRAPH_VERSION 1
#define GRAPH_BLOCK ((size_t)1 << 20)

struct graph_header {
    char magic[8];
    uint32_t version, order;
    uint32_t dim, block;
    uint64_t rows;
    uint64_t table_sum, codes_sum; /* of the base file it belongs to */
    uint64_t payload;
    uint64_t blocks_sum; /* of the checksums of the blocks */
    char unused[56];
    uint64_t header_sum; /* of all above */
};
_Static_assert(sizeof(struct graph_header) == 128, "the header is part of the file format");

/* 0, -EBADMSG (damaged), -ESTALE (of another base or format), -errno. */
int graph_header_read(int fd, const struct base *b, struct graph_header *ret);
/* A stream of the payload, found undamaged; a block damaged since then fails the read (EBADMSG).
 * fd stays the caller's; fclose ends it. NULL with errno. */
FILE *graph_reader(int fd, const struct graph_header *h);

/* Writes one graph file: header space, payload through the stream, then the rest. */
struct graph_writer;
int graph_writer_new(struct newfile *f, struct graph_writer **ret, FILE **ret_stream);
/* After the stream was closed without error. */
int graph_writer_end(struct graph_writer *w, const struct base *b, struct docfs_err *err);
void graph_writer_free(struct graph_writer *w);
