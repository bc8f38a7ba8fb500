/* SPDX-License-Identifier: MIT */
#pragma once

/* Removes a directory with all that is in it; symbolic links are removed, not followed. Goes on
 * after a failure. 0 (also when there is none) or -errno. */
int rmtree(const char *path);
