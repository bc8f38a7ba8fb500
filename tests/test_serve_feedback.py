"""REST and pages: what is said and done with answers changes later ones."""
import html
import re

from lib.docfs import wait_until


def ids(server, **query):
    return [r["content_id"] for r in server.json("/api/v1/search", **query)["results"]]


def test_feedback_moves_a_document(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    before = ids(s, q="scheduler task worker")
    assert len(before) > 3
    last = before[3]
    for _ in range(6):
        r = s.post("/api/v1/feedback", {"content_id": last, "feedback_type": "helpful",
                                        "search_query": "scheduler task worker"})
        assert r.status == 202, r
    assert ids(s, q="scheduler task worker").index(last) < 3
    assert "feedback" in [x["action"] for x in s.json("/api/v1/admin/audit")["items"]]


def test_every_variant_is_accepted(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    answer = s.json("/api/v1/search", q="scheduler")
    one = answer["results"][0]["content_id"]
    for body in ({"content_id": one, "feedback_type": "outdated", "comment": "since 2.0"},
                 {"content_id": one, "rating": 5, "query_context": "scheduler", "result_position": 1},
                 {"content_id": one, "rating": 3}, {"content_id": one, "feedback_type": "incorrect"}):
        assert s.post("/api/v1/feedback", body).status == 202, body
    for body in ({"signal_type": "click", "query_id": answer["query_id"], "session_id": "s",
                  "content_id": one, "result_position": 1},
                 {"signal_type": "dwell", "content_id": one, "dwell_time_ms": 60000},
                 {"signal_type": "scroll_depth", "content_id": one, "signal_value": 0.9},
                 {"signal_type": "abandon", "query_id": answer["query_id"]},
                 {"signal_type": "refine", "content_id": one}, {"signal_type": "copy", "content_id": one}):
        assert s.post("/api/v1/signals", body).status == 202, body
    for path, body in (("feedback", {"content_id": one}), ("feedback", {"feedback_type": "helpful"}),
                       ("feedback", {"content_id": one, "feedback_type": "superb"}),
                       ("feedback", {"content_id": one, "rating": 9}), ("signals", {}),
                       ("signals", {"signal_type": "wink"})):
        assert s.post(f"/api/v1/{path}", body).status == 422, body
    assert s.post("/api/v1/feedback", {"content_id": "aaaaaaaa", "rating": 5}).status == 404
    assert s.post("/api/v1/signals", {"content_id": "aaaaaaaa", "signal_type": "click"}).status == 404


def test_delete_flags(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    one = ids(s, q="scheduler")[0]
    assert s.request("DELETE", f"/api/v1/content/{one}").status == 202
    assert s.get(f"/api/v1/content/{one}").status == 200
    items = s.json("/api/v1/admin/search-content", search_term="scheduler")["items"]
    assert {i["content_id"] for i in items if i["status"] == "flagged"} == {one}
    assert s.request("DELETE", "/api/v1/content/aaaaaaaa").status == 404


def test_enrichment(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    good = s.post("/api/v1/enrichment/gap-analysis", {"query": "cancel a task"}).json
    bad = s.post("/api/v1/enrichment/gap-analysis", {"query": "zorblax quuxification"}).json
    assert bad["has_gap"] and not good["has_gap"] and good["results"] > 0
    h = s.json("/api/v1/enrichment/health")
    assert not h["llm_configured"] and h["policy"] in ("off", "ask", "auto")
    one = ids(s, q="scheduler")[0]
    r = s.post("/api/v1/enrichment/enrich", {"content_id": one, "priority": "high"})
    assert r.status == 202 and s.json(f"/api/v1/ingestion/status/{r.json['task_ids'][0]}")["kind"] == "refresh"
    assert s.post("/api/v1/enrichment/bulk-enrich", {"content_ids": [one]}).status == 202
    task = r.json["task_ids"][0]
    wait_until(lambda: s.json(f"/api/v1/enrichment/status/{task}")["status"] == "done")
    of_document = s.json(f"/api/v1/enrichment/status/{one}")
    assert of_document["content_id"] == one and task in [t["task_id"] for t in of_document["tasks"]]
    for id in ("aaaaaaaa", "999999", "9" * 30):
        assert s.get(f"/api/v1/enrichment/status/{id}").status == 404
    assert s.post("/api/v1/enrichment/enrich", {}).status == 422
    assert s.post("/api/v1/enrichment/enrich", {"content_id": "aaaaaaaa"}).status == 404
    assert s.json("/api/v1/enrichment/gaps")["gaps"] is not None
    for path in ("gaps/99/candidates", "gaps/x/candidates"):
        assert s.get(f"/api/v1/enrichment/{path}").status == 404
    assert s.post("/api/v1/enrichment/gaps/99/fill", {}).status in (403, 404)
    assert s.request("POST", "/api/v1/enrichment/gaps/99/dismiss").status == 404


# ---- what is done on the pages tells as much, without a script ----

def signals(docfs):
    return [(f["signal"], f["path"].split(".")[0], f["query"], f["door"])
            for f in docfs.json("feedback", "list")["feedback"]]


def stem(link):
    return link.split("?")[0].removeprefix("/doc/demo@1/").split(".")[0]


def links(text):
    return [html.unescape(x) for x in re.findall(r'<h2><a href="([^"]+)"', text)]


def test_a_link_of_a_result_tells_that_it_was_opened(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    last = links(s.get("/?q=scheduler+task").text)[-1]
    assert s.get(last.split("?")[0]).status == 200, "read, but not from an answer: tells nothing more"
    found = links(s.get("/?q=worker+pool&part=results&in=demo@1").text)[0]  # as while typing
    for link in (last, found, found):
        assert s.get(link.split("#")[0]).status == 200
    wait_until(lambda: len(signals(docfs)) >= 2, what="signals")
    assert ("opened", stem(last), "scheduler task", "ui") in signals(docfs)
    assert {x[0] for x in signals(docfs)} == {"opened"} and len(signals(docfs)) == 2


def test_a_question_asked_again_in_other_words(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    for typed in ("sched", "schedul", "scheduler"):
        s.get(f"/?q={typed}&part=results")
    first = links(s.get("/?q=scheduler+task&part=seen").text)[0]
    s.get("/?q=scheduler+task+worker&part=seen")
    wait_until(lambda: signals(docfs), what="signal")
    [one] = signals(docfs)
    assert one == ("refined", stem(first), "scheduler task", "ui")


def test_staying_is_told_by_the_script(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    one = ids(s, q="scheduler")[0]
    body = {"signal_type": "dwell", "dwell_time_ms": 10000, "content_id": one, "query": "scheduler", "door": "ui"}
    assert s.post("/api/v1/signals", body).status == 202
    assert [(x[0], x[2], x[3]) for x in signals(docfs)] == [("dwell", "scheduler", "ui")]
    assert s.post("/api/v1/signals", {**body, "door": "window"}).status == 422
