/* SPDX-License-Identifier: MIT
 * What chat models add: models.c makes the client that the settings ask for, answer.c writes
 * answers, judge.c lets a model evaluate passages. */
#pragma once
#include <jansson.h>
#include "core/docfs_answer.h"
#include "core/internal.h"
#include "core/remote/chat.h"

/* The client of the settings in force, to be given back with models_release; NULL when none is set
 * (0), or -errno when the settings are wrong. */
int models_acquire(struct docfs *d, struct chat **ret, struct docfs_err *err);
void models_release(struct docfs *d);

/* The JSON object in a reply that may have a fence or words around it; NULL without one. */
json_t *chat_object(const char *text);

/* Clears `fits` of the sources that do not help to answer. 0 or the failure of the model. */
int judge(struct chat *c, const struct docfs_question *q, struct docfs_answer *a,
          struct docfs_err *err);
