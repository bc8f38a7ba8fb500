#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drops pairs that know a test: those whose question is a query of a development set (normalised),
that share eight words in a row with one, or that hold text of a code collection. Writes the rest to
stdout and what was dropped, by reason, to the report.

usage: clean_pairs.py BENCH_DIRECTORY REPORT < pairs > clean"""
import collections
import itertools
import json
import multiprocessing
import pathlib
import re
import sys

GRAM = 8
SHORT = 2  # queries of one or two words are ordinary words: only an equal question counts


def words(text):
    return re.findall(r"\w+", text.lower())


def grams(tokens):
    return (hash(tuple(tokens[i:i + GRAM])) for i in range(len(tokens) - GRAM + 1))


def lines(path):
    with open(path, encoding="utf-8") as f:
        yield from map(json.loads, f)


def read_bench(directory):
    exact, query_grams, code_grams = {}, {}, set()
    for path in sorted(pathlib.Path(directory).glob("*/queries.jsonl")):
        for query in lines(path):
            tokens = words(query["text"])
            exact[" ".join(tokens)] = path.parent.name
            for gram in grams(tokens):
                query_grams[gram] = path.parent.name
    for name in ("cosqa", "cacm", "cisi", "cranfield", "med", "npl"):
        path = pathlib.Path(directory, name, "corpus.jsonl")
        if path.exists():
            for document in lines(path):
                code_grams.update(grams(words(document["text"])))
    return exact, query_grams, code_grams


def fault(fields, exact, query_grams, code_grams):
    question, text = words(fields[2]), words(fields[4])
    name = exact.get(" ".join(question))
    if name:
        return f"{name}: the question is a query"
    for gram in grams(question):
        if gram in query_grams:
            return f"{query_grams[gram]}: eight words of a query in the question"
    shared = total = 0
    for gram in grams(text):
        if gram in query_grams:
            return f"{query_grams[gram]}: eight words of a query in the text"
        shared += gram in code_grams
        total += 1
    if any(gram in code_grams for gram in grams(question)):
        return "collections: eight words of a document in the question"
    if shared * 5 > total:
        return "collections: a fifth of the text is of a document"
    return None


def judge(some):
    """The pairs of some lines and what is wrong with each."""
    pairs = [line for line in some if line.count("\t") == 4]
    return [(line, fault(line.rstrip("\n").split("\t"), *BENCH)) for line in pairs]


def chunks(file, size=2000):
    while some := list(itertools.islice(file, size)):
        yield some


def main():
    dropped, total, examples = collections.Counter(), 0, {}
    with multiprocessing.get_context("fork").Pool() as pool:
        for line, why in itertools.chain.from_iterable(pool.imap(judge, chunks(sys.stdin))):
            total += 1
            if why:
                dropped[why] += 1
                examples.setdefault(why, line.split("\t")[2])
            else:
                sys.stdout.write(line)
    with open(sys.argv[2], "w", encoding="utf-8") as report:
        print(f"{total} pairs, {sum(dropped.values())} dropped, against {len(BENCH[0])} queries",
              file=report)
        for why, count in sorted(dropped.items()):
            print(f"{count:8} {why}; first: {examples[why][:80]}", file=report)


BENCH = read_bench(sys.argv[1])  # before the processes of the pool are forked: they share it
main()
