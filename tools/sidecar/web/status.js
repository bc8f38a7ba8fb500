// SPDX-License-Identifier: MIT
// The dashboard: what is up, how reliably, how fast, and what people asked in vain.
import { age, api, el, fill, table } from './api.js';

const percent = (x) => (x == null ? '–' : `${(100 * x).toFixed(x > 0.9995 ? 1 : 2)} %`);
const kind = { healthy: 'good', degraded: 'warn', unhealthy: 'bad' };

function chart(title, rows) {
  const NS = 'http://www.w3.org/2000/svg', max = Math.max(1, ...rows.map((r) => r[1]));
  const make = (name, a, text) => {
    const e = document.createElementNS(NS, name);
    for (const [k, v] of Object.entries(a)) e.setAttribute(k, v);
    if (text) e.textContent = text;
    return e;
  };
  const svg = make('svg', { class: 'chart', viewBox: `0 0 400 ${rows.length * 22}`, role: 'img',
    'aria-label': `${title}: ${rows.map((r) => `${r[0]} ${r[2]}`).join(', ')}` });
  rows.forEach(([name, value, text], i) => {
    svg.append(make('text', { x: 0, y: i * 22 + 14 }, name),
      make('rect', { x: 120, y: i * 22 + 4, width: Math.max(1, 190 * value / max), height: 12, rx: 2 }),
      make('text', { x: 318, y: i * 22 + 14 }, text));
  });
  return el('figure', {}, el('figcaption', {}, title), svg);
}

async function show() {
  const [health, stats] = await Promise.all([api('GET', '/health'), api('GET', '/stats')]);
  fill('overall', el('p', { class: `notice ${kind[health.overall_status] || ''}` },
    `docfs ${health.version} is ${health.overall_status}.`));
  fill('services', table(['Service', 'State', 'Answers in', 'What to know'],
    health.services.map((s) => [s.service, el('span', { class: kind[s.status] || '' }, s.status),
      `${Number(s.response_time_ms).toFixed(1)} ms`, s.details || ''])));
  const rows = (health.availability || []).map((a) => [
    `${a.service} ${a.place}`, percent(a['24h']), percent(a['7d']), percent(a['30d']),
    a.recovery_seconds == null ? '–' : `${a.recovery_seconds.toFixed(1)} s`]);
  fill('availability', table(['Service', '24 h', '7 d', '30 d', 'Time to recovery'], rows));
  const s = stats.search_stats, c = stats.content_stats, y = stats.system_stats;
  fill('queries',
    chart('Answers', [['all', s.total_searches, String(s.total_searches)],
      ['with a hit', s.successful_searches, String(s.successful_searches)],
      ['without', s.failed_searches, String(s.failed_searches)]]),
    chart('Result cache', [['hits', stats.cache_stats.hit_rate * 100, percent(stats.cache_stats.hit_rate)],
      ['misses', stats.cache_stats.miss_rate * 100, percent(stats.cache_stats.miss_rate)]]),
    table(['Figure', 'Value'], [
      ['Mean answer', `${s.avg_response_time_ms.toFixed(1)} ms`],
      ['Documents', String(c.total_documents)], ['Passages', String(c.total_chunks)],
      ['Memory', `${y.memory_usage_mb.toFixed(0)} MB`], ['Disk', `${y.disk_usage_mb.toFixed(0)} MB`],
      ['Running for', `${Math.round(y.uptime_seconds / 60)} minutes`]]));
  try {
    const a = await api('GET', '/analytics?timeRange=7d');
    fill('gaps', table(['Question'], (a.searchMetrics.queriesWithoutAnswer || []).map((g) => [
      el('a', { href: '/?q=' + encodeURIComponent(g.query ?? g) }, g.query ?? g)])));
    const events = await api('GET', '/admin/activity/recent?limit=15');
    fill('events', table(['When', 'What'], events.map((e) => [age(e.timestamp), `${e.type}: ${e.message}`])));
  } catch (e) { // not an administrator
    fill('gaps', el('p', { class: 'dim' }, e.message));
  }
}

try { await show(); } catch (e) { fill('overall', el('p', { class: 'notice bad' }, e.message)); }
setInterval(() => { if (!document.hidden) show().catch((e) => fill('overall', el('p', { class: 'notice bad' }, e.message))); }, 5000);
