// SPDX-License-Identifier: MIT
// Settings with their origin; what is typed is checked by the server before it is stored.
import { actions, api, button, el, fill, say, table } from './api.js';

let items = [];

function editor(s) {
  const id = 'set-' + s.key;
  if (s.is_local) return el('span', {}, s.value || '–');
  const field = s.choices
    ? el('select', { id }, ...s.choices.split('|').map((c) => el('option', { selected: c === s.value }, c)))
    : el('input', { id, value: s.is_sensitive ? '' : s.value, autocomplete: 'off' });
  return el('form', {
    onsubmit: async (e) => {
      e.preventDefault();
      try {
        await api('PUT', '/config', { key: s.key, value: field.value });
        say(`${s.key} is now ${field.value}.` + (s.needs_restart ? ' It counts from the next start.' : ''));
        await load();
      } catch (err) { say(err.message, true); field.setAttribute('aria-invalid', 'true'); field.focus(); }
    },
  }, el('label', { class: 'hidden', for: id }, s.key), field, el('button', {}, 'Save'));
}

function show() {
  const word = document.getElementById('filter').value.toLowerCase();
  const shown = items.filter((s) => (s.key + ' ' + s.help).toLowerCase().includes(word));
  fill('settings', table(['Setting', 'Value', 'From', 'Meaning'], shown.map((s) => [
    el('code', {}, s.key), editor(s), s.is_set ? s.origin : 'default', s.help])));
}

async function load() {
  items = (await api('GET', '/config')).items;
  show();
}

async function providers() {
  const list = await api('GET', '/providers');
  fill('providers', table(['Provider', 'For', 'State', 'What it is', 'Actions'], list.map((p) => [
    p.name, p.category, p.status, p.description,
    actions(button('Test', async () => {
      say(`Testing ${p.name} …`);
      const r = await api('POST', `/providers/${encodeURIComponent(p.id)}/test`, {});
      say(`${p.name}: ${r.message}`, !r.success);
    }))])));
}

document.getElementById('filter').addEventListener('input', show);
try { await Promise.all([load(), providers()]); } catch (e) { say(e.message, true); }
