/* SPDX-License-Identifier: MIT
 * Where the mount process speaks. One sink per process, because the log hook of libfuse has no
 * argument to carry another one. Thread-safe once set up. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/util/err.h"

/* file: opened for appending; NULL and foreground: standard error; else syslog. Nothing is written
 * before log_speak(): until the mount stands, the caller reports what is wrong. */
int log_open(const char *file, bool foreground, struct docfs_err *err);
void log_speak(void);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Copies the last thing libfuse complained about ("" when nothing). */
void log_last(char *out, size_t size);
