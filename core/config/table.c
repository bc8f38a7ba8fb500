/* SPDX-License-Identifier: MIT
 * The one table of settings. docfs config list, docfs.yaml(5), the variables DOCFS_... and the web
 * page all come from it. One block per area, alphabetical. */
#include "core/config/config.h"

const struct config_def config_table[] = {
    {"content.keep_seconds", INTEGER, "900", 0, 1e9,
     "how long old versions of documents stay readable"},

    {"db.busy_ms", INTEGER, "30000", 0, 3600000, "longest wait for another writing process",
     CONFIG_RESTART},

    {"embed.batch", INTEGER, "0", 0, 256,
     "texts per request to an embedding server; 0 = as the server says, else 32"},
    {"embed.cache", SIZE, "256M", 0, 1e12,
     "kept answers of embedding servers, so that no text is sent twice"},
    {"embed.concurrency", INTEGER, "2", 1, 16, "requests to an embedding server at a time",
     CONFIG_RESTART},
    {"embed.dimension", INTEGER, "0", 0, 4096,
     "components of a vector that are kept; 0 = all that the model gives"},
    {"embed.document_prefix", TEXT, "auto", 0, 1000,
     "put before each passage; auto = as the model wants it, by its name"},
    {"embed.key_file", SECRET, "", 0, 4096, "file with the key of the embedding server",
     CONFIG_RESTART | CONFIG_LOCAL},
    {"embed.model", TEXT, "", 0, 1000,
     "name of the server's model, or the absolute path of a model2vec directory", CONFIG_LOCAL},
    {"embed.pause_max", DURATION, "30s", 0, 3600000,
     "longest Retry-After of an embedding server that is waited for", CONFIG_RESTART},
    {"embed.provider", CHOICE, "auto", 0, 0,
     "who embeds; auto = the server of embed.url, else the directory of embed.model, else docfs",
     CONFIG_LOCAL, "auto|builtin|static|openai|ollama|llamacpp|tei"},
    {"embed.query_prefix", TEXT, "auto", 0, 1000,
     "put before each question; auto = as the model wants it, by its name"},
    {"embed.query_timeout", DURATION, "2s", 50, 600000,
     "longest wait for the vector of a question; then words alone decide", CONFIG_RESTART},
    {"embed.retries", INTEGER, "4", 0, 20, "repetitions of a request for passages that failed",
     CONFIG_RESTART},
    {"embed.text_max", SIZE, "32K", 256, 1048576, "bytes of a passage that are sent",
     CONFIG_RESTART},
    {"embed.timeout", DURATION, "60s", 50, 3600000, "longest wait for the vectors of passages",
     CONFIG_RESTART},
    {"embed.url", TEXT, "", 0, 2000,
     "address of an embedding server: Ollama, llama.cpp, TEI, or the API of OpenAI", CONFIG_LOCAL},

    {"freshness.stale_after", DURATION, "30d", 0, 3650.0 * 86400000,
     "age at which documents are marked as stale; 0 = never"},

    {"index.graph_min", INTEGER, "0", 0, 1e12,
     "passages from which an HNSW graph is built; 0 = the measured default"},

    {"ingest.max_file", SIZE, "64M", 1024, 4294967296.0,
     "bytes of the largest file read, after decompression"},
    {"ingest.threads", INTEGER, "0", 0, 64, "threads that convert; 0 = all cores"},
    {"ingest.timeout_ms", INTEGER, "20000", 100, 3600000,
     "longest run of a helper program on one file"},

    {"jobs.attempts", INTEGER, "3", 1, 100, "tries of a queued job before it counts as failed"},
    {"jobs.backoff", DURATION, "10s", 0, 86400000,
     "wait before the second try; doubles with each further one"},
    {"jobs.slots", INTEGER, "2", 1, 64, "queued jobs that one worker runs at once"},

    {"mount.results", INTEGER, "10", 1, 1000, "documents in a query directory"},

    {"query_log", SWITCH, "on", 0, 1, "remember queries for .docfs/recent"},

    {"rerank.api", CHOICE, "jina", 0, 0,
     "what the server of rerank.url speaks: jina (llama.cpp, vLLM, ...) or tei", CONFIG_LOCAL,
     "jina|tei"},
    {"rerank.key_file", SECRET, "", 0, 4096, "file with the key of the rerank server",
     CONFIG_RESTART | CONFIG_LOCAL},
    {"rerank.model", TEXT, "", 0, 1000, "name of the rerank server's model", CONFIG_LOCAL},
    {"rerank.timeout", DURATION, "3s", 50, 600000,
     "longest wait for the rerank server; then the order stays as it was", CONFIG_RESTART},
    {"rerank.top", INTEGER, "50", 1, 200, "documents that are reranked"},
    {"rerank.url", TEXT, "", 0, 2000, "address of a server that reranks; empty = none",
     CONFIG_LOCAL},

    {"search.candidates", INTEGER, "200", 10, 1000, "passages considered per list"},
    {"search.copies", CHOICE, "one", 0, 0,
     "the same text in several versions or mirrors: one hit that names all, or a hit for each", 0,
     "one|all"},
    {"search.k", INTEGER, "10", 1, 1000, "documents that a search returns"},
    {"search.lex_weight", REAL, "1.0", 0, 100, "weight of the full-text score"},
    {"search.min", REAL, "0", 0, 1, "smallest score shown"},
    {"search.timeout_ms", INTEGER, "2000", 0, 600000,
     "longest full-text search before similarity alone decides; 0 = no limit"},
    {"search.vec_weight", REAL, "0.5", 0, 100, "weight of the vector score"},

    {"sources.allow_private", SWITCH, "off", 0, 1,
     "archives may come from hosts with private addresses without naming the address",
     CONFIG_LOCAL},
    {"sources.max_bytes", SIZE, "4G", 65536, 1e13, "bytes that one source may fetch or unpack"},
    {"sources.max_entries", INTEGER, "500000", 1, 1e9, "entries of one archive"},
    {"sources.max_nesting", INTEGER, "1", 0, 8, "archives inside archives that are opened"},
    {"sources.max_ratio", INTEGER, "250", 1, 1e6,
     "unpacked bytes for each packed byte of an archive; a higher ratio is a bomb"},
    {"sources.timeout", DURATION, "10m", 100, 86400000, "longest single step of fetching a source"},
    {"sources.token_file", SECRET, "", 0, 4096,
     "file of lines HOST TOKEN, for private repositories and sites", CONFIG_LOCAL},
    {"serve.work", SWITCH, "on", 0, 1,
     "docfs serve runs jobs, watches directories and reads sources again when due", CONFIG_RESTART},

    {"watch.poll", DURATION, "30s", 1000, 86400000,
     "how often a directory that cannot be watched is read again"},
    {"watch.rescan", DURATION, "1h", 1000, 30.0 * 86400000,
     "how often a watched directory is read again anyway"},
};

const size_t config_count = sizeof(config_table) / sizeof(*config_table);
