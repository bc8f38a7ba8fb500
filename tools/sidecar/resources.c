/* SPDX-License-Identifier: MIT
 * Every resource; routes are tried in this order. */
#include "tools/sidecar/resources.h"

/* clang-format off */
const struct resource *const resources[] = {
    &resource_search,
    &resource_content,
    &resource_collections,
    &resource_ingestion,
    &resource_providers,
    &resource_config,
    &resource_stats,
    &resource_metrics,
    &resource_admin,
    &resource_health,
    &resource_meta,
    &resource_mcp,
    &resource_context7,
    &resource_openai,
    &resource_ollama,
    NULL,
};
/* clang-format on */
