/* SPDX-License-Identifier: MIT
 * Figures that take long to count and stay the same for a generation. */
#include "core/store/internal.h"

#include "core/util/hash.h"

uint64_t memo_key(enum memo what, const void *data, size_t len)
{
    return hash64(data, len, (uint64_t)what << 56) | (uint64_t)1 << 63;
}

static struct memo_slot *slot_of(struct store *s, uint64_t key)
{
    return &s->memo[key < MEMO_FIXED ? key : MEMO_FIXED + key % (MEMO_SLOTS - MEMO_FIXED)];
}

bool memo_get(struct store_read *r, uint64_t key, int64_t *ret)
{
    struct store *s = r->s;
    pthread_mutex_lock(&s->memo_lock);
    const struct memo_slot *m = slot_of(s, key);
    bool known = m->key == key && m->generation == r->generation;
    if (known)
        *ret = m->value;
    pthread_mutex_unlock(&s->memo_lock);
    return known;
}

void memo_put(struct store_read *r, uint64_t key, int64_t value)
{
    struct store *s = r->s;
    pthread_mutex_lock(&s->memo_lock);
    *slot_of(s, key) = (struct memo_slot){key, r->generation, value};
    pthread_mutex_unlock(&s->memo_lock);
}
