// SPDX-License-Identifier: MIT
// The reader: copies code and takes feedback.
import { api, el } from './api.js';

for (const pre of document.querySelectorAll('article pre')) {
  const button = el('button', {
    type: 'button', class: 'copy',
    onclick: async () => {
      await navigator.clipboard.writeText(pre.querySelector('code').textContent);
      button.textContent = 'Copied';
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
