/* SPDX-License-Identifier: MIT
 * The one table of settings. docfs config list, docfs.yaml(5), the variables DOCFS_... and the web
 * page all come from it. One block per area, alphabetical. */
#include "core/config/config.h"

const struct config_def config_table[] = {
    {"content.keep_seconds", INTEGER, "900", 0, 1e9,
     "how long old versions of documents stay readable"},

    {"db.busy_ms", INTEGER, "30000", 0, 3600000, "longest wait for another writing process",
     CONFIG_RESTART},

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
