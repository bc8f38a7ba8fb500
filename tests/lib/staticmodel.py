"""Writes a small embedding model in the format of docfs-model(5): words and their rows."""
import struct

M = (1 << 64) - 1


def hash64(data, seed=0):
    h = 0xcbf29ce484222325 ^ seed
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & M
    h ^= h >> 33
    h = h * 0xff51afd7ed558ccd & M
    h ^= h >> 33
    h = h * 0xc4ceb9fe1a85ec53 & M
    return h ^ h >> 33


def checksum(data):
    lane = [0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9, len(data)]
    whole = len(data) // 32 * 32
    for at in range(0, whole, 32):
        for i, w in enumerate(struct.unpack_from("<4Q", data, at)):
            lane[i] = (lane[i] ^ w) * 0xff51afd7ed558ccd & M
            lane[i] ^= lane[i] >> 29
    left = len(data) - whole
    for b in data[whole:]:
        lane[left & 3] = (lane[left & 3] ^ b) * 0x100000001b3 & M
        left -= 1
    h = 0
    for x in lane:
        h = ((h ^ x) * 0xc4ceb9fe1a85ec53 & M) ^ h >> 32
    return h ^ h >> 33


def write(path, words, rows, name="test-1", weights=None):
    """words: list of str; rows: a list of int8 numbers for each, all of one length."""
    dim, n = len(rows[0]), len(words)
    weights = weights or [1.0] * n
    slots = 16
    while slots < 2 * n:
        slots *= 2
    slot, names, text = [0] * slots, [0], b""
    for i, w in enumerate(words):
        at = hash64(w.encode()) & 0xffffffff & (slots - 1)
        while slot[at]:
            at = (at + 1) % slots
        slot[at] = i + 1
        text += w.encode()
        names.append(len(text))
    parts, at, where = b"", 256, []
    for body in (struct.pack(f"<{slots}I", *slot), struct.pack(f"<{n + 1}I", *names), text,
                 struct.pack(f"<{n}f", *weights), struct.pack(f"<{n}f", *weights),
                 b"".join(struct.pack(f"<{dim}b", *r) for r in rows)):
        where.append(at)
        body += bytes(-len(body) % 64) if len(where) < 6 else b""
        parts += body
        at += len(body)
    slot_at, name_at, text_at, passage_at, query_at, row_at = where

    def head(head_sum):
        return struct.pack("<8sIIQQQQIIIIIIIff5IQQQQQQQ64s32x", b"DOCFSMDL", 1, 256, at, head_sum,
                           checksum(parts[:row_at - 256]), checksum(parts[row_at - 256:]), dim, n, 0,
                           slots, 0, 0, 0, 2.0, 0.5, 0, 0, 0, 0, 0, slot_at, name_at, text_at,
                           len(text), passage_at, query_at, row_at, name.encode())
    path.write_bytes(head(checksum(head(0))) + parts)
