/* SPDX-License-Identifier: MIT */
#include "fs/log.h"
#include <fcntl.h>
#include <fuse_log.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include "core/util/cleanup.h"

static struct {
    pthread_mutex_t lock;
    int fd; /* -1: syslog */
    bool stamps, speaks;
    char last[256];
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = 2};

static void put(int priority, char *text)
{
    text[strcspn(text, "\n")] = '\0';
    if (!sink.speaks)
        return;
    if (sink.fd < 0) {
        syslog(priority, "%s", text);
        return;
    }
    char stamp[40] = "docfs: ";
    struct tm tm;
    time_t now = time(NULL);
    if (sink.stamps && localtime_r(&now, &tm))
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z ", &tm);
    dprintf(sink.fd, "%s%s\n", stamp, text);
}

static void from_libfuse(enum fuse_log_level level, const char *fmt, va_list ap)
{
    char text[1024];
    vsnprintf(text, sizeof(text), fmt, ap);
    pthread_mutex_lock(&sink.lock);
    put(level > FUSE_LOG_ERR ? LOG_INFO : LOG_ERR, text);
    if (level <= FUSE_LOG_ERR)
        snprintf(sink.last, sizeof(sink.last), "%.*s", (int)sizeof(sink.last) - 1, text);
    pthread_mutex_unlock(&sink.lock);
}

int log_open(const char *file, bool foreground, struct docfs_err *err)
{
    int fd = foreground ? 2 : -1;
    if (file) {
        fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd < 0)
            return err_set(err, -errno, "cannot write the log %s: %s", file, strerror(errno));
    } else if (fd < 0) {
        openlog("docfs", LOG_PID, LOG_DAEMON);
    }
    pthread_mutex_lock(&sink.lock);
    sink.fd = fd;
    sink.stamps = file != NULL;
    pthread_mutex_unlock(&sink.lock);
    fuse_set_log_func(from_libfuse);
    return 0;
}

void log_speak(void)
{
    pthread_mutex_lock(&sink.lock);
    sink.speaks = true;
    pthread_mutex_unlock(&sink.lock);
}

void log_line(const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&sink.lock);
    put(LOG_WARNING, text);
    pthread_mutex_unlock(&sink.lock);
}

void log_last(char *out, size_t size)
{
    pthread_mutex_lock(&sink.lock);
    snprintf(out, size, "%s", sink.last);
    pthread_mutex_unlock(&sink.lock);
}
