// SPDX-License-Identifier: MIT
// The reader: copies code, takes feedback, and tells when a hit was stayed with.
import { api, el } from './api.js';

for (const pre of document.querySelectorAll('article pre')) {
  const button = el('button', {
    type: 'button', class: 'copy',
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(pre.querySelector('code').textContent);
        button.textContent = 'Copied';
      } catch { // the clipboard is for https and for this machine only
        getSelection().selectAllChildren(pre);
        button.textContent = 'Selected';
      }
    },
  }, 'Copy');
  const box = el('div', { class: 'code' });
  pre.replaceWith(box);
  box.append(pre, button);
}

const box = document.getElementById('feedback');
const id = document.querySelector('article').dataset.id;
const kinds = [['helpful', 'Helpful'], ['not_helpful', 'Not helpful'], ['outdated', 'Out of date'],
  ['incorrect', 'Wrong']];
const answer = el('p', { role: 'status' });
box.append(el('h2', {}, 'Was this helpful?'), el('div', { class: 'actions' }, ...kinds.map(([type, text]) => el('button', {
  type: 'button',
  onclick: async () => {
    try {
      await api('POST', '/feedback', { content_id: id, feedback_type: type });
      answer.textContent = 'Thank you: it counts for the next answers.';
    } catch (e) {
      answer.textContent = e.message;
    }
  },
}, text))), answer);
box.hidden = false;

// Ten seconds in view are a sign that the page was the right one; without the right to say so, none.
const query = new URLSearchParams(location.search).get('q');
let left = 10;
const ticks = query && setInterval(() => {
  if (document.hidden || --left > 0) return;
  clearInterval(ticks);
  api('POST', '/signals', { signal_type: 'dwell', dwell_time_ms: 10000, content_id: id, query, door: 'ui' })
    .catch(() => {});
}, 1000);
