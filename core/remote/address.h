/* SPDX-License-Identifier: MIT
 * Which network addresses a document from the outside may make us connect to. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Why an address is not part of the public internet ("private", "loopback", "link-local",
 * "special", "multicast"; static text), or NULL when it is. IPv4 addresses carried inside IPv6
 * (mapped, compatible, 6to4, NAT64) are judged as the IPv4 address. Families other than IPv4 and
 * IPv6 are special. */
const char *address_special(const struct sockaddr *addr, size_t len);

/* The same for a host as it stands in a URL ("127.0.0.1", "[::1]", "localhost", "x.localhost");
 * NULL for any other name, which says nothing before it is looked up. */
const char *address_special_host(const char *host);
