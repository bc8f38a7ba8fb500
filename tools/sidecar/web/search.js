// SPDX-License-Identifier: MIT
// Search as you type: the list comes from the server as it would without this script.
const form = document.querySelector('form.search');
const field = form.q;
const list = document.getElementById('results');
const start = list.innerHTML;
let timer, looked, asked = 0;

function url() {
  const p = new URLSearchParams(new FormData(form));
  for (const k of ['in', 'mode']) if (!p.get(k)) p.delete(k);
  if (p.get('k') === '10') p.delete('k');
  if (!p.get('q')) p.delete('q');
  return p;
}

async function ask(push) {
  const p = url(), mine = ++asked;
  const shown = p.size ? '/?' + p : '/';
  history[push ? 'pushState' : 'replaceState'](null, '', shown);
  document.title = p.get('q') ? `${p.get('q')} – docfs` : 'docfs';
  clearTimeout(looked);
  if (!p.get('q')) { list.innerHTML = start; return; }
  p.set('part', 'results');
  try {
    const r = await fetch('/?' + p);
    const html = await r.text();
    if (mine !== asked) return;
    if (r.ok) {
      list.innerHTML = html; // escaped by the server, like the page itself
      p.set('part', 'seen'); // a list that stays is an answer, not a state of typing
      looked = setTimeout(() => fetch('/?' + p), 2000);
    }
    else say(`The server says ${r.status}. Try again in a moment.`);
  } catch {
    if (mine === asked) say('The server does not answer. Is docfs serve running?');
  }
}

function say(text) {
  const p = document.createElement('p');
  p.className = 'notice bad';
  p.textContent = text;
  list.replaceChildren(p);
}

field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 120, false); });
form.addEventListener('change', (e) => { if (e.target !== field) ask(true); });
form.addEventListener('submit', (e) => { e.preventDefault(); clearTimeout(timer); ask(true); });
window.addEventListener('popstate', () => location.reload());

function move(step) {
  const links = [...list.querySelectorAll('.hit h2 a')];
  const at = links.indexOf(document.activeElement);
  const to = at + step;
  if (to < 0) field.focus();
  else links[Math.min(to, links.length - 1)]?.focus();
}
document.addEventListener('keydown', (e) => {
  const typing = e.target === field;
  if (e.key === '/' && !typing && !e.ctrlKey && e.target.tagName !== 'SELECT') {
    e.preventDefault();
    field.focus();
  } else if ((e.key === 'ArrowDown' || (e.key === 'j' && !typing)) && e.target.tagName !== 'SELECT') {
    e.preventDefault();
    move(1);
  } else if ((e.key === 'ArrowUp' || (e.key === 'k' && !typing)) && e.target.tagName !== 'SELECT') {
    e.preventDefault();
    move(-1);
  } else if (e.key === 'Escape' && typing) {
    field.value = '';
    ask(false);
  }
});
if (!field.value) field.focus();
