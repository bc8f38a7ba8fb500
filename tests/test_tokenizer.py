"""Token ids of every kind of tokenizer.json against those of a published implementation, the
vectors of model directories against arithmetic done here, and what damaged files do."""
import base64
import json
import math
import pathlib
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = json.loads((ROOT / "tests/fixtures/tokenizers/cases.json").read_text())["cases"]
BY_NAME = {c["name"]: c for c in CASES}


def run(build, *args, texts=()):
    return subprocess.run([build / "tests/tokens", *args], input=json.dumps(list(texts)),
                          capture_output=True, text=True, timeout=60)


def tokens(build, tmp_path, tokenizer, texts):
    f = tmp_path / "tokenizer.json"
    f.write_text(json.dumps(tokenizer))
    p = run(build, f, texts=texts)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_ids_are_those_of_the_published_implementation(build, tmp_path, case):
    ours = tokens(build, tmp_path, case["tokenizer"], case["texts"])
    unknown = case["tokenizer"]["model"].get("vocab", {})
    unknown = unknown.get("[UNK]") if isinstance(unknown, dict) else None
    for text, got, want in zip(case["texts"], ours, case["ids"]):
        assert got == [unknown if x is None else x for x in want], text


@pytest.mark.parametrize("behavior, pieces", [
    ("Removed", "the final countdown"),
    ("Isolated", "the - final - - countdown"),
    ("MergedWithPrevious", "the- final- - countdown"),
    ("MergedWithNext", "the -final - -countdown"),
    ("Contiguous", "the - final -- countdown"),
])
def test_delimiters_as_the_documentation_of_the_format_shows_them(build, tmp_path, behavior, pieces):
    vocab = {w: i for i, w in enumerate("the final countdown - -- the- final- -final -countdown".split())}
    t = {"model": {"type": "WordLevel", "vocab": vocab},
         "pre_tokenizer": {"type": "Split", "pattern": {"String": "-"}, "behavior": behavior,
                           "invert": False}}
    assert tokens(build, tmp_path, t, ["the-final--countdown"]) == [[vocab[p] for p in pieces.split()]]


def test_words_are_unicode_words(build, tmp_path):
    vocab = {"héllo_wörld": 0, "!?": 1, "日本": 2}
    t = {"model": {"type": "WordLevel", "vocab": vocab}, "pre_tokenizer": {"type": "Whitespace"}}
    assert tokens(build, tmp_path, t, ["héllo_wörld!? 日本"]) == [[0, 1, 2]]


def test_signs_stand_apart(build, tmp_path):
    t = {"model": {"type": "WordLevel", "vocab": {"c": 0, "+": 1}},
         "pre_tokenizer": {"type": "Punctuation"}}
    assert tokens(build, tmp_path, t, ["c++"]) == [[0, 1, 1]]


def test_the_example_of_the_wordpiece_paper(build, tmp_path):
    """"unwanted running" -> un ##want ##ed runn ##ing, as BERT's own test has it."""
    t = BY_NAME["bert uncased"]["tokenizer"]
    vocab = t["model"]["vocab"]
    assert tokens(build, tmp_path, t, ["UNwant\u00E9d,running"]) == [
        [vocab[x] for x in ("un", "##want", "##ed", ",", "runn", "##ing")]]
    assert tokens(build, tmp_path, t, ["unwantedX\u4e01"]) == [
        [vocab[x] for x in ("un", "##want", "##ed", "##x", "[UNK]")]]


def test_merges_as_pairs_and_as_text_are_one(build, tmp_path):
    case = BY_NAME["llama"]
    t = json.loads(json.dumps(case["tokenizer"]))
    t["model"]["merges"] = [" ".join(m) for m in t["model"]["merges"]]
    assert tokens(build, tmp_path, t, case["texts"]) == case["ids"]


def test_any_bytes_are_a_text(build, tmp_path):
    case = BY_NAME["gpt2"]
    f = tmp_path / "tokenizer.json"
    f.write_text(json.dumps(case["tokenizer"]))
    p = run(build, f, texts=["\u0000\u0001\u0002", "\ufffd" * 9, "a" * 300000])
    assert p.returncode == 0, p.stderr
    assert [len(x) > 0 for x in json.loads(p.stdout)] == [True] * 3


def test_a_pattern_that_never_ends_is_given_up(build, tmp_path):
    t = json.loads(json.dumps(BY_NAME["word level"]["tokenizer"]))
    t["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated",
                          "invert": False}
    assert tokens(build, tmp_path, t, ["a" * 5000 + "b"]) == [[1]]


def charmap(rules):
    """The double-array trie of SentencePiece's character map: a block of 256 units per node."""
    text, units, nodes = b"", {}, {b"": 256}
    units[0] = 256 << 10
    for key, to in sorted((k.encode(), v.encode()) for k, v in rules.items()):
        for i in range(len(key)):
            at = nodes[key[:i]] ^ key[i]
            if key[:i + 1] not in nodes:
                nodes[key[:i + 1]] = 256 * (len(nodes) + 1)
                units[at] = (at ^ nodes[key[:i + 1]]) << 10 | key[i]
        units[at] |= 1 << 8
        units[nodes[key]] = 1 << 31 | len(text)
        text += to + b"\0"
    trie = b"".join(struct.pack("<I", units.get(i, 0)) for i in range(256 * (len(nodes) + 1)))
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + text).decode()


def test_the_character_map_of_sentencepiece(build, tmp_path):
    vocab = {"fi": 0, "a": 1, "x y": 2, "e\u0301": 3}
    t = {"model": {"type": "WordLevel", "vocab": vocab}, "normalizer": {
        "type": "Precompiled", "precompiled_charsmap": charmap(
            {"\ufb01": "fi", "\uff21": "a", "\u3000": " ", "\u00e9": "e\u0301", "\u200b": ""})}}
    assert tokens(build, tmp_path, t, ["\ufb01", "\uff21", "x\u3000y", "\u00e9", "\u200ba"]) == [
        [0], [1], [2], [3], [1]]


@pytest.mark.parametrize("change, says", [
    (lambda t: t.pop("model"), "model"),
    (lambda t: t["model"].update(type="Other"), "Other"),
    (lambda t: t["model"].update(vocab={}), "vocabulary"),
    (lambda t: t["model"].update(vocab={"a": -1}), "id"),
    (lambda t: t["model"].update(vocab={"a": 1 << 40}), "id"),
    (lambda t: t["model"].update(unk_token="nowhere"), "unk_token"),
    (lambda t: t.update(normalizer={"type": "Magic"}), "Magic"),
    (lambda t: t.update(pre_tokenizer={"type": "UnicodeScripts"}), "UnicodeScripts"),
    (lambda t: t.update(pre_tokenizer={"type": "Split", "pattern": {"Regex": "("}}), "pattern"),
    (lambda t: t.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "////"}),
     "character map"),
    (lambda t: t.update(added_tokens=[{"id": "x", "content": "y"}]), "added token"),
])
def test_bad_tokenizers_are_refused_by_name(build, tmp_path, change, says):
    t = json.loads(json.dumps(BY_NAME["bert uncased"]["tokenizer"]))
    change(t)
    f = tmp_path / "tokenizer.json"
    f.write_text(json.dumps(t))
    p = run(build, f)
    assert p.returncode == 1 and says in p.stderr and "tokenizer.json" in p.stderr, p.stderr


@pytest.mark.parametrize("depth", [20, 5000])
def test_deep_nesting_is_refused(build, tmp_path, depth):
    text = '{"type":"Sequence","normalizers":[' * depth + '{"type":"NFC"}' + "]}" * depth
    f = tmp_path / "tokenizer.json"
    f.write_text('{"normalizer":' + text + ',"model":{"type":"WordLevel","vocab":{"a":0}}}')
    assert run(build, f).returncode == 1


# ---- model directories ----

def safetensors(path, tensors):
    """tensors: name -> (dtype, shape, bytes)"""
    head, data = {}, b""
    for name, (dtype, shape, body) in tensors.items():
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    j = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(j)) + j + data)


def pack(dtype, rows):
    flat = [x for r in rows for x in r]
    if dtype == "BF16":
        return b"".join(struct.pack("<f", x)[2:] for x in flat)
    return struct.pack("<%d%s" % (len(flat), {"F32": "f", "F16": "e", "F64": "d", "I8": "b"}[dtype]),
                       *(map(int, flat) if dtype == "I8" else flat))


def rows_of(n, dim):
    return [[float((i * 7 + k * 3) % 11 - 5) for k in range(dim)] for i in range(n)]


def model(where, case, dtype="F32", dim=8, name="embeddings", rows=None, more=None):
    where.mkdir(parents=True, exist_ok=True)
    t = case["tokenizer"]
    vocab = t["model"]["vocab"]
    rows = rows or rows_of(len(vocab), dim)
    (where / "tokenizer.json").write_text(json.dumps(t))
    (where / "config.json").write_text('{"model_type": "model2vec", "normalize": true}')
    safetensors(where / "model.safetensors",
                {name: (dtype, [len(rows), dim], pack(dtype, rows)), **(more or {})})
    return rows


def mean(rows, ids, weights=None):
    v = [sum((weights[i] if weights else 1) * rows[i][k] for i in ids) for k in range(len(rows[0]))]
    n = math.sqrt(sum(x * x for x in v))
    return [x / n if n else 0 for x in v]


def vectors(build, where, texts):
    p = run(build, "-m", where, texts=texts)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


def close(a, b):
    return all(math.isclose(x, y, abs_tol=1e-5) for x, y in zip(a, b)) and len(a) == len(b)


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "F64", "I8"])
@pytest.mark.parametrize("kind", ["bert uncased", "gpt2", "t5"])
def test_vectors_are_the_mean_of_the_rows(build, tmp_path, kind, dtype):
    case = BY_NAME[kind]
    rows = model(tmp_path / "m", case, dtype)
    unknown = {"bert uncased": 1, "t5": 0}.get(kind)
    for text, got, ids in zip(case["texts"], vectors(build, tmp_path / "m", case["texts"]), case["ids"]):
        assert close(got, mean(rows, [i for i in ids if i != unknown])), text


def test_a_directory_of_sentence_transformers(build, tmp_path):
    case = BY_NAME["bert uncased"]
    rows = model(tmp_path / "m/0_StaticEmbedding", case, name="embedding.weight")
    assert close(vectors(build, tmp_path / "m", ["the quick"])[0],
                 mean(rows, [case["tokenizer"]["model"]["vocab"][w] for w in ("the", "quick")]))


def test_weights_and_mapping_of_a_quantised_vocabulary(build, tmp_path):
    case = BY_NAME["bert uncased"]
    n = len(case["tokenizer"]["model"]["vocab"])
    few, weights, mapping = rows_of(5, 8), [1 + i % 3 / 2 for i in range(n)], [i % 5 for i in range(n)]
    model(tmp_path / "m", case, rows=few, more={
        "weights": ("F64", [n], struct.pack("<%dd" % n, *weights)),
        "mapping": ("I64", [n], struct.pack("<%dq" % n, *mapping))})
    rows = [few[mapping[i]] for i in range(n)]
    for text, got, ids in zip(case["texts"], vectors(build, tmp_path / "m", case["texts"]), case["ids"]):
        assert close(got, mean(rows, [i for i in ids if i != 1], weights)), text


def damage_header(b, change):
    n = struct.unpack("<Q", b[:8])[0]
    head = json.loads(b[8:8 + n])
    change(head)
    j = json.dumps(head).encode()
    return struct.pack("<Q", len(j)) + j + b[8 + n:]


@pytest.mark.parametrize("change, says", [
    (lambda b: b"", "empty"),
    (lambda b: b[:40], "header"),
    (lambda b: b[:-9], "cut off"),
    (lambda b: struct.pack("<Q", 1 << 60) + b[8:], "header"),
    (lambda b: b[:8] + b"[" * (len(b) - 8), "header"),
    (lambda b: damage_header(b, lambda h: h["embeddings"].update(shape=[1 << 40, 1 << 40])), "cut off"),
    (lambda b: damage_header(b, lambda h: h["embeddings"].update(data_offsets=[-8, 8])), "cut off"),
    (lambda b: damage_header(b, lambda h: h["embeddings"].update(dtype="F7")), "damaged"),
    (lambda b: damage_header(b, lambda h: h["embeddings"].update(
        shape=[h["embeddings"]["shape"][0] // 2, 16])), "rows"),
    (lambda b: damage_header(b, lambda h: h.update(other=h.pop("embeddings"))), "no static model"),
])
def test_damaged_tensors_are_refused_by_name(build, tmp_path, change, says):
    model(tmp_path / "m", BY_NAME["bert uncased"])
    f = tmp_path / "m/model.safetensors"
    f.write_bytes(change(f.read_bytes()))
    p = run(build, "-m", tmp_path / "m")
    assert p.returncode == 1 and says in p.stderr and "model.safetensors" in p.stderr, p.stderr


def test_not_a_number_becomes_no_vector(build, tmp_path):
    case = BY_NAME["bert uncased"]
    n = len(case["tokenizer"]["model"]["vocab"])
    model(tmp_path / "m", case, rows=[[math.nan] * 8] * n)
    assert vectors(build, tmp_path / "m", ["the quick"]) == [[0.0] * 8]


def test_a_directory_without_a_model_is_named(build, tmp_path):
    p = run(build, "-m", tmp_path)
    assert p.returncode == 1 and str(tmp_path) in p.stderr and "embed.model" in p.stderr
