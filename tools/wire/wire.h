/* SPDX-License-Identifier: MIT
 * The one JSON schema of docfs: what core returns, as jansson values. a change that is not
 * additive is a new WIRE_SCHEMA.
 *
 * Every function returns a new reference that the caller owns, or NULL when memory is out. Text
 * from documents and file names may be any bytes: what is not UTF-8 becomes U+FFFD, and for paths
 * a second member "<key>_bytes" then carries the exact bytes, percent-encoded. Times are RFC 3339
 * in UTC, or null when unknown. Pure and thread-safe. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "core/docfs.h"
#include "core/docfs_summaries.h"
#include "core/util/buf.h"

#define WIRE_SCHEMA "docfs/1"

/* ---- values ---- */

/* A string, or null for NULL. */
json_t *wire_text(const char *s);
json_t *wire_textn(const char *s, size_t len);
/* A time in seconds since the epoch; null for 0. */
json_t *wire_time(int64_t seconds);
/* What is stale from then on is stale now (0 = never). */
bool wire_stale(int64_t stale_at);
/* Appends a value as compact JSON text. */
void wire_write(struct buf *out, const json_t *value);
/* Sets object[key] to a path and, when it is not UTF-8, object["<key>_bytes"]. 0 or -ENOMEM. */
int wire_set_path(json_t *object, const char *key, const char *path);

/* ---- top-level messages: {"schema": "docfs/1", "kind": kind, ...members of body} ---- */

/* Puts schema and kind in front of the members of body, which it takes (NULL allowed: NULL). */
json_t *wire_message(const char *kind, json_t *body);
/* kind "error". code is a negative errno. */
json_t *wire_error(int code, const char *text);

/* ---- search ---- */

/* rank is 1-based; explain adds the member "why". */
json_t *wire_hit(const struct docfs_hit *h, size_t rank, bool explain);
/* kind "results". */
json_t *wire_results(const struct docfs_results *r, bool explain);
/* kind "answer". */
json_t *wire_answer(const struct docfs_answer *a);
/* kind "saved". */
json_t *wire_saved(const struct docfs_saveds *s);

/* ---- documents and collections ---- */

/* Members of a document, without schema and kind. */
json_t *wire_document(const struct docfs_document *doc);
/* kind "document" with its text: lines [line, line + lines) of it. */
json_t *wire_document_text(const struct docfs_document *doc, const char *text, size_t len,
                           int64_t line, int64_t lines);
/* One document of a listing: id, collection, path, size, time. */
json_t *wire_entry(const struct docfs_entry *e, const char *collection, const char *path);
json_t *wire_collection(const struct docfs_collection *c);
/* kind "collections". */
json_t *wire_collections(const struct docfs_collections *c);
json_t *wire_technologies(const struct docfs_technologies *t);
/* Names of a set of signs: ["agent", "secret"]. */
json_t *wire_signs(unsigned signs);
/* kind "flagged". */
json_t *wire_flagged(const struct docfs_flagged *f);
/* kind "summaries". */
json_t *wire_summaries(const struct docfs_summaries *s);
/* {"text", "generated": true, "model", "at"}, null for NULL. */
json_t *wire_summary(const char *text, const char *model, int64_t at);
/* kind "failures". */
json_t *wire_failures(const struct docfs_failures *f);

/* ---- access ---- */

/* kind "tokens": names, scopes and times; never the token. */
json_t *wire_tokens(const struct docfs_tokens *t);
/* ---- feedback ---- */

/* kind "feedback". */
json_t *wire_feedbacks(const struct docfs_feedbacks *f);
/* kind "replay". */
json_t *wire_replay(const struct docfs_replay *r);

/* ---- gaps ---- */

/* kind "gaps", "candidates", "consents". */
json_t *wire_gaps(const struct docfs_gaps *g);
json_t *wire_candidates(const struct docfs_candidates *c);
json_t *wire_consents(const struct docfs_consents *c);

/* ---- jobs ---- */

/* kind "sources": policy, times and age of each. */
json_t *wire_sources(const struct docfs_sources *s);
/* Members of a job, without schema and kind. */
json_t *wire_job(const struct docfs_job *j);
/* kind "jobs", with the revision to ask from next time. */
json_t *wire_jobs(const struct docfs_jobs *j);
/* kind "job": one job, and the files it left out (NULL = not asked for). */
json_t *wire_job_detail(const struct docfs_job *j, const struct docfs_failures *files);

/* ---- the cache ---- */

/* kind "report": outcome of add and refresh. */
json_t *wire_report(const struct docfs_report *r, const char *collection);
/* kind "status". h may be NULL. */
json_t *wire_status(const struct docfs_status *s, const struct docfs_health *h, const char *cache);
/* {waiting, running, failed_24h, interrupted_24h}: jobs. */
json_t *wire_queue(const struct docfs_status *s);
/* Sets services, events and errors of o (wire_health.c). 0 or -ENOMEM. */
int wire_set_health(json_t *o, const struct docfs_health *h);
/* A time in milliseconds since the epoch. */
json_t *wire_time_ms(int64_t ms);
/* kind "settings". */
json_t *wire_settings(const struct docfs_settings *s);
/* Members of one setting, without schema and kind. */
json_t *wire_setting(const struct docfs_setting *s);
