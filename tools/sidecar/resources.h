/* SPDX-License-Identifier: MIT
 * One line for each res_<name>.c. */
#pragma once
#include "tools/sidecar/internal.h"

extern const struct resource resource_search, resource_health, resource_meta;
extern const struct resource resource_mcp, resource_context7;
