/* SPDX-License-Identifier: MIT
 * sd_notify(3) without libsystemd: tells the service manager "READY=1", "WATCHDOG=1",
 * "RELOADING=1", "STOPPING=1". Nothing happens when none is listening ($NOTIFY_SOCKET). */
#pragma once
#include <stdint.h>
#include "core/util/err.h"

DOCFS_API void notify_systemd(const char *state);
/* How often WATCHDOG=1 should be said, nanoseconds: half of $WATCHDOG_USEC; 0: never. */
DOCFS_API int64_t notify_watchdog_ns(void);
/* RELOADING=1 with the time stamp that Type=notify-reload wants. */
DOCFS_API void notify_reloading(void);
