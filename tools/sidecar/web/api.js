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

// Numbers stand to the right; on a narrow screen each row becomes a card with the heads inside.
export function table(heads, rows, none = 'None.') {
  if (!rows.length) return el('p', { class: 'dim' }, none);
  const number = heads.map((_, i) => rows.every((r) => typeof r[i] === 'number'));
  const cell = (c, i) => el('td', { 'data-head': heads[i], class: number[i] ? 'num' : null },
    typeof c === 'number' ? count(c) : c ?? '');
  return el('div', { class: 'wide cards', tabindex: '0' }, el('table', {},
    el('thead', {}, el('tr', {}, ...heads.map((h, i) =>
      el('th', { scope: 'col', class: number[i] ? 'num' : null }, h)))),
    el('tbody', {}, ...rows.map((r) => el('tr', {}, ...r.map(cell))))));
}

export const count = (n) => n.toLocaleString('en');

export const actions = (...buttons) => el('div', { class: 'actions' }, ...buttons);

// A button that is out of use while it works, and says what went wrong.
export function button(text, action) {
  return el('button', {
    type: 'button',
    onclick: async (e) => {
      e.target.disabled = true;
      try { await action(); } catch (err) { say(err.message, true); }
      e.target.disabled = false;
    },
  }, text);
}

export function age(time) {
  if (!time) return 'never';
  const s = (Date.now() - Date.parse(time)) / 1000;
  const [n, unit] = s < 90 ? [s, 'second'] : s < 5400 ? [s / 60, 'minute']
    : s < 129600 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
  return el('time', { datetime: time, title: time },
    new Intl.RelativeTimeFormat('en').format(-Math.round(n), unit));
}

// As on the search page, a slash goes to the question.
document.addEventListener('keydown', (e) => {
  if (e.key !== '/' || e.ctrlKey || e.target.closest('input, select, textarea')) return;
  const field = document.querySelector('form.find input');
  if (!field) return;
  e.preventDefault();
  field.focus();
});
