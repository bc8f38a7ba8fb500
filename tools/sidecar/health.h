/* SPDX-License-Identifier: MIT
 * What is up, shared by the health, admin and provider resources. */
#pragma once
#include "tools/sidecar/internal.h"

/* {configured, available, active} */
json_t *providers_summary(struct request *q);
/* Array of {service, status, response_time_ms, last_check, details}; how many are healthy, and of
 * how many. */
json_t *health_services(struct request *q, size_t *ret_up, size_t *ret_all);
