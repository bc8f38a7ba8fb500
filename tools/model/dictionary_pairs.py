#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pairs from dictionaries: headword -> definition. They teach the words that documentation seldom
uses. Reads "SET<TAB>FILE" lines (dictd indexes, WordNet's data files), writes lines as model-harvest
does."""
import gzip
import re
import sys

DIGITS = {c: i for i, c in enumerate(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
TEXT_MAX = 1400


def number(text):
    n = 0
    for c in text:
        n = n * 64 + DIGITS[c]
    return n


def clean(text):
    return re.sub(r"\s+", " ", re.sub(r"[{}\\]", " ", text)).strip()


def dictd(name, path):
    with gzip.open(path[:-len(".index")] + ".dict.dz") as f:
        data = f.read()
    seen = set()
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            word, at, size = line.rstrip("\n").split("\t")[:3]
            if word.startswith("00-") or (at, size) in seen:
                continue
            seen.add((at, size))
            text = data[number(at):number(at) + number(size)].decode("utf-8", "replace")
            text = clean(text.split("\n", 1)[-1])
            if len(text) > 60:
                yield name, "entry", word, "", text[:TEXT_MAX]


def wordnet(name, path):
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith(" ") or "|" not in line:
                continue
            head, gloss = line.split("|", 1)
            fields = head.split()
            words = [w.replace("_", " ") for w in fields[4:4 + 2 * int(fields[3], 16):2]]
            words = [re.sub(r"\(.*\)", "", w) for w in words]
            yield name, "sense", ", ".join(words), "", clean(gloss)


def main():
    for line in sys.stdin:
        name, path = line.rstrip("\n").split("\t")
        for pair in (dictd if path.endswith(".index") else wordnet)(name, path):
            print(*(field.replace("\t", " ") for field in pair), sep="\t")


main()
