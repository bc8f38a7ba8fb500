/* SPDX-License-Identifier: MIT
 * The proxy that the environment asks for: http_proxy (lower case only, because of CGI),
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY; no_proxy, NO_PROXY. */
#pragma once
#include "core/remote/url.h"

/* Borrowed from the environment; NULL: connect directly. */
const char *proxy_for(const struct url *u);
