/* SPDX-License-Identifier: MIT
 * The file run/<name> of a living service: mapped and written by it, locked as long as it lives, so
 * that the kernel itself tells when it died; read by whoever shows the status. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE_MAGIC "docfs-run-1"
#define PAGE_PARTS 8
#define PAGE_ERRORS 8
#define PAGE_BUCKETS 128 /* of latency: bucket b ends at 2^(b/4) microseconds */

struct page_part {
    char part[24];
    char reason[216];
};
struct page_error {
    int64_t at_ms;
    char text[248];
};
struct page {
    char magic[12];
    uint32_t pid;
    char boot[40];
    char kind[16];
    char version[32];
    char place[1024];
    int64_t started_ms, started_mono_ms;
    _Atomic int64_t beat_ms, beat_mono_ms;
    _Atomic int64_t stopped_ms, stopped_mono_ms; /* 0 while it runs */
    _Atomic uint64_t queries, failed, cache_hits, cache_misses;
    _Atomic uint32_t bucket[PAGE_BUCKETS];
    struct page_part part[PAGE_PARTS]; /* empty name: free */
    struct page_error error[PAGE_ERRORS];
    _Atomic uint32_t n_errors; /* ever */
};

/* The boot this is, 36 characters; "" when the kernel does not say. */
void page_boot_id(char ret[40]);
int64_t page_wall_ms(void);
int64_t page_mono_ms(void); /* CLOCK_BOOTTIME */

/* What root makes in the directory of another user becomes that user's, as SQLite does with its
 * files: a mount of root in the cache of a server stays visible to the server. */
void page_give(int fd, int dirfd);
/* Makes run/<name> in dirfd, locks and maps it. -errno. */
int page_make(int run_dirfd, const char *name, struct page **ret, int *ret_fd);
/* Copies a page; false when it is none. Strings are terminated whatever the file holds. */
bool page_read(int fd, struct page *ret);

/* Calls fn for each page file: alive tells whether its process lives. While fn runs on a dead one
 * no other process gets it; fn returns true when it is dealt with and may go. */
typedef bool page_fn(void *arg, const struct page *p, bool alive);
void page_each(int run_dirfd, page_fn *fn, void *arg);

void page_count(struct page *p, int64_t micros, bool failed);
/* Upper bound in milliseconds of the share q (0..1) of queries; 0 when there were none. */
double page_quantile(const struct page *p, double q);
