/* SPDX-License-Identifier: MIT
 * Attributes of AsciiDoc: a line ":name: value" sets what {name} stands for from there on. */
#pragma once
#include "core/text/mdutil.h"

#define ADOC_ATTRIBUTES_MAX 512
#define ADOC_VALUE_MAX 1000

struct adoc_attributes { /* {0} to begin with */
    struct {
        char *name, *value; /* owned; no value: unset */
    } item[ADOC_ATTRIBUTES_MAX];
    size_t n;
};

/* Sets or unsets when the line is ":name: value", ":name!:" or ":!name:". */
bool adoc_set_attribute(struct adoc_attributes *a, struct span line);
/* Unsets all and frees them. */
void adoc_forget(struct adoc_attributes *a);
/* Its value, or NULL. Names of letters in another case are the same. */
const char *adoc_attribute(const struct adoc_attributes *a, struct span name);
/* Appends the text with {attributes} put in; an unknown one stays. */
void adoc_expand(const struct adoc_attributes *a, struct span text, struct buf *out);
