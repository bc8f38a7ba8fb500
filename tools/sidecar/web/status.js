// SPDX-License-Identifier: MIT
// The dashboard: what is up, how reliably, how fast, and what people asked in vain.
import { actions, age, api, button, count, el, fill, say, table } from './api.js';

const percent = (x) => (x == null ? '–' : `${(100 * x).toFixed(x > 0.9995 ? 1 : 2)} %`);
const kind = { healthy: 'good', degraded: 'warn', unhealthy: 'bad' };

function bars(title, rows) {
  const max = Math.max(1, ...rows.map((r) => r[1]));
  return el('section', {}, el('h3', {}, title), el('div', { class: 'bars' }, ...rows.flatMap(
    ([name, value, text]) => [el('span', {}, name),
      el('meter', { max, value, 'aria-label': `${title}, ${name}: ${text}` }), el('span', {}, text)])));
}

function span(seconds) {
  const [n, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute']
    : seconds < 172800 ? [seconds / 3600, 'hour'] : [seconds / 86400, 'day'];
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(Math.round(n));
}

// What people asked in vain, and what could answer it. Filling is consent: the server refuses it
// unless the setting enrich.policy allows it.
async function fillGap(gap) {
  const { candidates } = await api('GET', `/enrichment/gaps/${gap.id}/candidates`);
  if (!candidates.length) {
    say(`docfs knows no source for “${gap.query}”. Add one on the page Sources.`, true);
    return;
  }
  const c = candidates.find((x) => !x.present) || candidates[0];
  if (!confirm(`Add ${c.title || c.name} from ${c.location}? ${c.why || ''}`)) return;
  const r = await api('POST', `/enrichment/gaps/${gap.id}/fill`, { location: c.location });
  say(`Queued as job ${r.job_id}.`);
  await showGaps();
}

async function showGaps() {
  const { gaps } = await api('GET', '/enrichment/gaps?limit=30');
  fill('gaps', table(['Question', 'What is missing', 'Asked', 'Last', 'State', 'Actions'], gaps.map((g) => [
    el('a', { href: '/?q=' + encodeURIComponent(g.query) }, g.query), g.topic || '', g.asked,
    age(g.last_at), g.state, actions(
      g.state === 'open' ? button('Fill', () => fillGap(g)) : null,
      button('Dismiss', async () => {
        await api('POST', `/enrichment/gaps/${g.id}/dismiss`);
        await showGaps();
      }))]), 'None: every question of the last weeks found something.'));
}

async function showLately() {
  try {
    const [events] = await Promise.all([api('GET', '/admin/activity/recent?limit=15'), showGaps()]);
    fill('events', table(['When', 'What'], events.map((e) => [age(e.timestamp), `${e.type}: ${e.message}`])));
  } catch (e) { // not an administrator
    fill('gaps', el('p', { class: 'dim' }, e.message));
  }
}

async function showFigures() {
  const [health, stats] = await Promise.all([api('GET', '/health'), api('GET', '/stats')]);
  fill('overall', el('p', { class: `notice ${kind[health.overall_status] || ''}` },
    `docfs ${health.version} is ${health.overall_status}.`));
  fill('services', table(['Service', 'State', 'Answers in', 'What to know'],
    health.services.map((s) => [s.service, el('span', { class: kind[s.status] || '' }, s.status),
      s.response_time_ms ? `${Number(s.response_time_ms).toFixed(1)} ms` : '–', s.details === 'up' ? '' : s.details || ''])));
  const rows = (health.availability || []).map((a) => [
    `${a.service} ${a.place}`, percent(a['24h']), percent(a['7d']), percent(a['30d']),
    a.recovery_seconds == null ? '–' : `${a.recovery_seconds.toFixed(1)} s`]);
  fill('availability', table(['Service', '24 h', '7 d', '30 d', 'Time to recovery'], rows));
  const s = stats.search_stats, c = stats.content_stats, y = stats.system_stats;
  const some = s.total_searches > 0;
  fill('figures', el('dl', {}, ...[
    ['Documents', count(c.total_documents)], ['Passages', count(c.total_chunks)], ['Questions', count(s.total_searches)],
    ['Mean answer', some ? `${s.avg_response_time_ms.toFixed(1)} ms` : '–'],
    ['Memory', `${count(Math.round(y.memory_usage_mb))} MB`], ['Disk', `${count(Math.round(y.disk_usage_mb))} MB`],
    ['Running for', span(y.uptime_seconds)]].map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))));
  fill('queries',
    some ? bars('Time to answer', [['half within', s.latency_ms.p50], ['95 % within', s.latency_ms.p95],
      ['99 % within', s.latency_ms.p99]].map(([name, ms]) => [name, ms, `${ms.toFixed(1)} ms`])) : el('p', { class: 'dim' }, 'Nobody has asked since the server started.'),
    some ? bars('Questions since the start', [['all', s.total_searches, count(s.total_searches)],
      ['answered', s.successful_searches, count(s.successful_searches)],
      ['failed', s.failed_searches, count(s.failed_searches)]]) : '',
    some ? bars('Answers that were kept', [['hits', stats.cache_stats.hit_rate * 100, percent(stats.cache_stats.hit_rate)],
      ['misses', stats.cache_stats.miss_rate * 100, percent(stats.cache_stats.miss_rate)]]) : '');
}

const show = () => Promise.all([showFigures(), showLately()]);

try { await show(); } catch (e) { fill('overall', el('p', { class: 'notice bad' }, e.message)); }
setInterval(() => { if (!document.hidden) show().catch((e) => fill('overall', el('p', { class: 'notice bad' }, e.message))); }, 5000);
