/* SPDX-License-Identifier: MIT
 * Every resource; routes are tried in this order. */
#include "tools/sidecar/resources.h"

/* clang-format off */
const struct resource *const resources[] = {
    &resource_search,
    &resource_any_folders, /* before /api/v1/documents/{id...} */
    &resource_content,
    &resource_collections,
    &resource_ingestion,
    &resource_providers,
    &resource_feedback,
    &resource_enrichment,
    &resource_config,
    &resource_stats,
    &resource_metrics,
    &resource_admin,
    &resource_health,
    &resource_meta,
    &resource_mcp,
    &resource_context7,
    &resource_context7_add,
    &resource_openai,
    &resource_ollama,
    &resource_any_workspaces,
    &resource_any_documents,
    &resource_any_chat,
    &resource_any_system,
    &resource_any_openai,
    &resource_page_search,
    &resource_page_read,
    &resource_pages,
    NULL,
};
/* clang-format on */
