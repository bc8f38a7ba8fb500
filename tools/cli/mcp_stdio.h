/* SPDX-License-Identifier: MIT
 * MCP on standard input and output: one message a line, nothing else. */
#pragma once
#include "tools/wire/mcp.h"

/* Until standard input ends and what was asked is answered, or nobody reads any more. */
int mcp_stdio(struct mcp *m, struct docfs_err *err);

/* ---- mcp_calls.c: what takes a while is answered beside the rest -------------------------- */

/* Calls of tools run on threads, so that a long one holds up neither a ping nor its own end;
 * listeners are looked after by one more. Everything else is answered where it is read, in order.
 */
struct mcp_calls;
struct mcp_calls *mcp_calls_new(struct mcp *m);
/* Waits for what is under way unless nobody reads the answers; ends listeners in good order. */
void mcp_calls_free(struct mcp_calls *c);

/* Sends a message (taken) as a line. -EPIPE once nobody reads. arg: struct mcp_calls. */
int mcp_calls_send(void *arg, json_t *message);
bool mcp_calls_gone(struct mcp_calls *c);
/* Copies the text of a call with that id; waits while too many are queued. */
int mcp_calls_add(struct mcp_calls *c, json_t *id, const char *text, size_t len);
/* Takes a listener. */
int mcp_calls_listen(struct mcp_calls *c, json_t *id, struct mcp_listen *l);
/* The sender of a call or listener wants no more of it. */
void mcp_calls_cancel(struct mcp_calls *c, const json_t *id);
