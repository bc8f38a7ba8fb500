// SPDX-License-Identifier: MIT
// Sources: add, refresh, remove; jobs as they go on; files that were left out.
import { actions, age, api, button, count, el, fill, say, table } from './api.js';

const jobs = new Map();

function progress(job) {
  const p = job.progress;
  if (job.message && job.message !== job.state) return job.message;
  if (job.state !== 'running')
    return p.files ? `${count(p.files)} files, ${count(p.documents)} documents written` : job.state === 'done' ? 'nothing changed' : '';
  const box = el('div', {}, `${p.phase || 'starting'}: ${p.files_done} of ${p.files} files, `
    + `${p.documents} documents`);
  if (p.files) box.append(el('progress', { max: p.files, value: p.files_done, 'aria-label': 'progress' }));
  return box;
}

async function failures(job) {
  const data = await api('GET', `/ingestion/jobs/${job.id}/files?limit=200`);
  const files = (data.files || data.failures || []).filter((f) => f.outcome !== 'ok');
  fill('said', table(['File', 'Outcome', 'Reason'], files.map((f) => [f.path, f.outcome, f.reason])));
}

function showJobs() {
  const list = [...jobs.values()].sort((a, b) => b.id - a.id).slice(0, 15);
  fill('jobs', table(['Job', 'What', 'State', 'What came of it', 'Actions'], list.map((j) => [
    j.id, `${j.kind} ${j.target}`, j.state, progress(j),
    actions(
      ['queued', 'waiting', 'running'].includes(j.state)
        ? button('Cancel', () => api('POST', `/ingestion/jobs/${j.id}/cancel`)) : null,
      ['failed', 'cancelled', 'interrupted'].includes(j.state)
        ? button('Retry', () => api('POST', `/ingestion/jobs/${j.id}/retry`)) : null,
      button('Files left out', () => failures(j))),
  ])));
}

async function showCollections() {
  const [{ collections }, { sources }] = await Promise.all(
    [api('GET', '/collections'), api('GET', '/ingestion/sources')]);
  fill('collections', table(['Collection', 'Documents', 'From', 'Current as of', 'Outcome', 'Actions'],
    collections.map((c) => {
      const name = c.slug || c.name;
      const of = sources.filter((s) => s.collection === name);
      return [
        el('a', { href: '/browse/' + encodeURIComponent(name) }, name), c.document_count,
        of.map((s) => s.location).join(', '),
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
    })));
}

document.getElementById('add').addEventListener('submit', async (e) => {
  e.preventDefault();
  const f = e.target;
  const body = { location: f.location.value.trim() };
  if (f.collection.value.trim()) body.collection = f.collection.value.trim();
  try {
    const r = await api('POST', '/ingestion/sources', body);
    say(`Queued as job ${r.id ?? r.job_id ?? r.job?.id ?? ''}.`);
    f.reset();
    await load();
  } catch (err) { say(err.message, true); }
});

async function load() {
  const data = await api('GET', '/ingestion/jobs?limit=15');
  for (const j of data.jobs) jobs.set(j.id, j);
  showJobs();
}

let later;
function take(event) {
  const j = JSON.parse(event.data);
  for (const job of j.jobs || [j.job || j]) if (job.id) jobs.set(job.id, job);
  showJobs();
  clearTimeout(later);
  later = setTimeout(() => showCollections().catch(() => {}), 500);
}
try {
  await Promise.all([load(), showCollections()]);
  const events = new EventSource('/api/v1/ingestion/events');
  for (const name of ['progress', 'end']) events.addEventListener(name, take);
} catch (e) { say(e.message, true); }
