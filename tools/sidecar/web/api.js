// SPDX-License-Identifier: MIT
// What the pages share: calls of the REST API and elements without HTML strings.

export async function api(method, path, body) {
  const r = await fetch('/api/v1' + path, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await r.text();
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { /* told below */ }
  if (!r.ok) throw new Error(data?.detail || `${r.status} ${r.statusText}`);
  return data;
}

export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, '');
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c != null));
  return e;
}

export function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

export function say(text, bad = false) {
  const p = document.getElementById('said');
  p.textContent = text;
  p.className = text ? (bad ? 'notice bad' : 'notice') : '';
}

export function table(heads, rows) {
  if (!rows.length) return el('p', { class: 'dim' }, 'None.');
  return el('div', { class: 'wide', tabindex: '0' }, el('table', {},
    el('thead', {}, el('tr', {}, ...heads.map((h) => el('th', { scope: 'col' }, h)))),
    el('tbody', {}, ...rows.map((r) => el('tr', {}, ...r.map((c) => el('td', {}, c ?? '')))))));
}

export function age(time) {
  if (!time) return 'never';
  const s = (Date.now() - Date.parse(time)) / 1000;
  const [n, unit] = s < 90 ? [s, 'second'] : s < 5400 ? [s / 60, 'minute']
    : s < 129600 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
  return el('time', { datetime: time, title: time },
    new Intl.RelativeTimeFormat('en').format(-Math.round(n), unit));
}

export const docUrl = (collection, path) =>
  '/doc/' + [collection, ...path.split('/')].map(encodeURIComponent).join('/');
