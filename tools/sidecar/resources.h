/* SPDX-License-Identifier: MIT
 * One line for each res_<name>.c. */
#pragma once
#include "tools/sidecar/internal.h"

extern const struct resource resource_search;
extern const struct resource resource_content;
extern const struct resource resource_collections;
extern const struct resource resource_ingestion;
extern const struct resource resource_providers;
extern const struct resource resource_feedback;
extern const struct resource resource_enrichment;
extern const struct resource resource_config;
extern const struct resource resource_stats;
extern const struct resource resource_metrics;
extern const struct resource resource_admin;
extern const struct resource resource_health;
extern const struct resource resource_meta;
extern const struct resource resource_mcp, resource_context7, resource_context7_add,
    resource_openai, resource_ollama;
/* How the paths of Context7 say that something failed. */
void context7_error(struct request *q, struct response *a, int status, const char *code,
                    const char *detail);
extern const struct resource resource_any_workspaces, resource_any_documents, resource_any_folders,
    resource_any_chat, resource_any_system, resource_any_openai;
extern const struct resource resource_page_search, resource_page_read, resource_pages;
