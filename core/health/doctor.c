/* SPDX-License-Identifier: MIT
 * The order of the checks: what later ones need comes first. */
#include "core/health/doctor.h"

#include <errno.h>
#include <stdio.h>

#include "core/util/buf.h"

static void vtell(struct doctor *x, const char *name, enum docfs_level level, const char *remedy,
                  const char *format, va_list ap)
{
    struct docfs_err line; /* cleans control bytes, which paths may hold */
    _cleanup_buf_ struct buf b = {0};
    buf_vaddf(&b, format, ap);
    err_set(&line, 0, "%s", buf_text(&b));
    struct docfs_check c = {name, level, line.text, level == DOCFS_PASS ? "" : remedy};
    if (level > x->worst)
        x->worst = level;
    x->fn(x->arg, &c);
}

void doctor_tell(struct doctor *x, const char *name, enum docfs_level level, const char *remedy,
                 const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vtell(x, name, level, remedy, format, ap);
    va_end(ap);
}

enum docfs_level docfs_check_tell(docfs_check_fn *fn, void *arg, const char *name,
                                  enum docfs_level level, const char *remedy, const char *format,
                                  ...)
{
    struct doctor x = {.fn = fn, .arg = arg};
    va_list ap;
    va_start(ap, format);
    vtell(&x, name, level, remedy, format, ap);
    va_end(ap);
    return level;
}

const char *docfs_level_name(enum docfs_level l)
{
    static const char *const names[] = {"pass", "warning", "failure"};
    return names[l];
}

enum docfs_level docfs_doctor(const struct docfs_doctor_options *opt, docfs_check_fn *fn, void *arg)
{
    struct doctor x = {.opt = opt, .fn = fn, .arg = arg};
    doctor_settings(&x);
    if (x.path) {
        doctor_directory(&x);
        doctor_space(&x);
        if (x.exists)
            doctor_database(&x);
        if (x.empty)
            doctor_documents(&x);
        if (x.d && !opt->quick)
            doctor_content(&x);
        if (x.d)
            doctor_services(&x);
        if (!opt->quick)
            doctor_peers(&x);
    }
    if (!opt->quick)
        doctor_helpers(&x);
    doctor_time(&x);
    doctor_locale(&x);
    doctor_memory(&x);
    doctor_limits(&x);
    docfs_close(x.d);
    free(x.path);
    free(x.why);
    return x.worst;
}
