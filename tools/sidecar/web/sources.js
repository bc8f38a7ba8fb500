// SPDX-License-Identifier: MIT
// Sources: add, refresh, remove; jobs as they go on; files that were left out.
import { actions, age, api, button, count, el, fill, say, table } from './api.js';

const jobs = new Map();
let added; // job of what was added last

function progress(job) {
  const p = job.progress, r = job.result;
  if (job.message && job.message !== job.state) return job.message;
  if (r && job.state === 'done') {
    const parts = [[r.converted, 'written'], [r.removed, 'removed'], [r.renamed, 'renamed'], [r.skipped, 'left out'],
      [r.failed, 'failed']].filter(([n]) => n).map(([n, what]) => `${count(n)} ${what}`);
    return `${count(r.files)} files: ${parts.join(', ') || 'nothing changed'}`;
  }
  if (job.state !== 'running') return p.files ? `${count(p.files)} files` : '';
  const box = el('div', {}, `${p.phase || 'starting'}: ${count(p.files_done)} of ${count(p.files)} files, `
    + `${count(p.documents)} documents`);
  if (p.files) box.append(el('progress', { max: p.files, value: p.files_done, 'aria-label': 'progress' }));
  return box;
}

async function failures(job) {
  const data = await api('GET', `/ingestion/jobs/${job.id}/files?limit=200`);
  const files = (data.files || data.failures || []).filter((f) => f.outcome !== 'ok');
  const close = button('Close', () => say(''));
  fill('said', el('div', { class: 'box' }, el('div', { class: 'actions' }, el('h2', {}, `Left out by job ${job.id}`), close),
    table(['File', 'Outcome', 'Reason'], files.map((f) => [f.path, f.outcome, f.reason]), 'Nothing was left out.')));
  close.focus();
}

const tone = { done: 'good', failed: 'bad', interrupted: 'bad', running: 'warn' };

function showJobs() {
  const list = [...jobs.values()].sort((a, b) => b.id - a.id).slice(0, 15);
  fill('jobs', table(['Job', 'What', 'State', 'When', 'What came of it', 'Actions'], list.map((j) => [
    String(j.id), `${j.kind} ${j.target}`, el('span', { class: tone[j.state] }, j.state),
    age(j.finished_at || j.started_at || j.created_at), progress(j),
    actions(
      ['queued', 'waiting', 'running'].includes(j.state)
        ? button('Cancel', () => api('POST', `/ingestion/jobs/${j.id}/cancel`)) : null,
      ['failed', 'cancelled', 'interrupted'].includes(j.state)
        ? button('Retry', () => api('POST', `/ingestion/jobs/${j.id}/retry`)) : null,
      j.result?.skipped || j.result?.failed || j.state === 'failed' ? button('Files left out', () => failures(j)) : null),
  ]), 'None yet. What is added or refreshed shows here while it goes on.'));
}

async function showCollections() {
  const [{ collections }, { sources }] = await Promise.all(
    [api('GET', '/collections'), api('GET', '/ingestion/sources')]);
  fill('collections', table(['Collection', 'Documents', 'From', 'Checked', 'Outcome', 'Actions'],
    collections.map((c) => {
      const name = c.slug || c.name;
      const of = sources.filter((s) => s.collection === name);
      return [
        el('a', { href: '/browse/' + encodeURIComponent(name) }, name), c.document_count,
        el('span', { class: 'address' }, of.map((s) => s.location).join(', ')),
        of.length ? el('span', {}, age(of[0].checked_at), of.some((s) => s.stale) ? ' (stale)' : '') : '',
        of.map((s) => s.outcome).join(', '),
        actions(
          button('Refresh', () => api('POST', `/collections/${encodeURIComponent(name)}/refresh`)),
          button('Remove', async () => {
            if (!confirm(`Remove ${name} with its ${c.document_count} documents?`)) return;
            await api('DELETE', `/collections/${encodeURIComponent(name)}`);
            await showCollections();
          })),
      ];
    }), 'No documentation yet. Add some above: it can be searched as soon as it is in.'));
}

document.getElementById('add').addEventListener('submit', async (e) => {
  e.preventDefault();
  const f = e.target;
  const body = { location: f.location.value.trim() };
  if (f.collection.value.trim()) body.collection = f.collection.value.trim();
  try {
    const r = await api('POST', '/ingestion/sources', body);
    added = r.id ?? r.job_id ?? r.job?.id;
    say(`Queued as job ${added}.`);
    f.reset();
    await load();
    tell(jobs.get(added) || {});
  } catch (err) { say(err.message, true); }
});

async function load() {
  const data = await api('GET', '/ingestion/jobs?limit=15');
  // An event may have told of a later state while this answer was under way.
  for (const j of data.jobs) if (!(jobs.get(j.id)?.revision > j.revision)) jobs.set(j.id, j);
  showJobs();
}

// What became of the last one that was added here, where the person looks.
function tell(job) {
  if (!added || job.id !== added || !tone[job.state] || job.state === 'running') return;
  added = null;
  say(`Job ${job.id} ${job.state}: ${progress(job)}`, tone[job.state] === 'bad');
}

let later;
function take(event) {
  const j = JSON.parse(event.data);
  for (const job of j.jobs || [j.job || j]) if (job.id) { jobs.set(job.id, job); tell(job); }
  showJobs();
  clearTimeout(later);
  later = setTimeout(() => showCollections().catch(() => {}), 500);
}
try {
  await Promise.all([load(), showCollections()]);
  const events = new EventSource('/api/v1/ingestion/events');
  for (const name of ['progress', 'end']) events.addEventListener(name, take);
} catch (e) { say(e.message, true); }
