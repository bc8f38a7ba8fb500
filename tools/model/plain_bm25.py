#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What SQLite's full text makes of a development set by itself: FTS5 with the porter tokenizer, the
words of the question joined by OR, bm25() with equal weights, the best piece of each document.

usage: plain_bm25.py CORPUS QUERIES QRELS [--words]      (--words: the title counts four times)"""
import collections
import json
import lzma
import math
import pathlib
import re
import sqlite3
import sys

PIECE = 2000  # a piece ends with the line that makes it this long


def lines(path):
    with (lzma.open(path, "rt") if path.suffix == ".xz" else open(path, encoding="utf-8")) as f:
        yield from map(json.loads, filter(str.strip, f))


def pieces(text):
    piece, size = [], 0
    for line in text.splitlines():
        if size and (size > PIECE or line.startswith("#")):
            yield "\n".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line) + 1
    yield "\n".join(piece)


def ndcg(ranked, gains):
    def dcg(values):
        return sum(v / math.log2(i + 2) for i, v in enumerate(values[:10]))
    return dcg([gains.get(d, 0) for d in ranked]) / dcg(sorted(gains.values(), reverse=True))


def main():
    corpus, queries, qrels = map(pathlib.Path, sys.argv[1:4])
    weights = "4, 1" if "--words" in sys.argv else "1, 1"
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (title, body, document UNINDEXED, "
               "tokenize = 'porter')")
    for d in lines(corpus):
        db.executemany("INSERT INTO t VALUES (?, ?, ?)",
                       ((d.get("title", ""), p, d["_id"]) for p in pieces(d["text"])))
    gains = collections.defaultdict(dict)
    for line in qrels.read_text().splitlines()[1:]:
        query, document, gain = line.split("\t")
        if float(gain) > 0:
            gains[query][document] = float(gain)
    scores = []
    for q in lines(queries):
        words = re.findall(r"\w+", q["text"])
        if not gains.get(q["_id"]):
            continue
        match = " OR ".join(f'"{w}"' for w in words)
        rows = db.execute(f"SELECT document FROM t WHERE t MATCH ? ORDER BY bm25(t, {weights}) "
                          "LIMIT 500", (match,)) if words else ()
        ranked = list(dict.fromkeys(r[0] for r in rows))
        scores.append(ndcg(ranked, gains[q["_id"]]))
    print(f"{sum(scores) / len(scores):.4f} nDCG@10 of {len(scores)} questions")


main()
