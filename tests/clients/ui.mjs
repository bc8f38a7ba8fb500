// Uses every page in a real browser. ui.mjs URL DIRECTORY-TO-ADD SCREENSHOTS
// Prints one JSON object with what was seen; a step that fails ends with its name.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [url, directory, shots] = process.argv.slice(2);
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const seen = { violations: [], console: [], widths: {} };
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on('console', (m) => { if (m.type() === 'error') seen.console.push(m.text()); });
  page.on('pageerror', (e) => seen.console.push(String(e)));
  return page;
}

async function check(page, name) {
  const result = await page.evaluate(`${axe}; axe.run(document, {resultTypes: ['violations']})`);
  for (const v of result.violations)
    seen.violations.push(`${name}: ${v.id} ${v.nodes.map((n) => n.target).slice(0, 3).join(' ')}`);
  await page.screenshot({ path: `${shots}/${name}.png` });
}

// Search as you type, filters in the address, keyboard.
const page = await open();
await page.goto(url);
await page.waitForSelector('ul.cards');
await check(page, 'start');
await page.keyboard.type('cancel a task');
await page.waitForSelector('ol.hits a[href*="q=cancel%20a%20task"]'); // not of what was half typed
seen.first = await page.textContent('ol.hits li h2');
seen.marks = await page.locator('mark').count();
await page.waitForFunction(() => location.search.includes('cancel'));
await check(page, 'search');
await page.selectOption('select[name=in]', 'demo@1');
await page.waitForFunction(() => location.search.includes('in=demo'));
const shared = page.url();
await page.keyboard.press('Escape');
await page.goto(shared);
await page.waitForSelector('ol.hits li');
seen.shared = await page.locator('ol.hits li').count();
await page.focus('#q');
await page.keyboard.press('ArrowDown');
await page.keyboard.press('Enter');

// Reading.
await page.waitForSelector('article h1');
seen.document = await page.textContent('article h1');
seen.hit = await page.locator('#hit').count();
seen.provenance = await page.textContent('aside dl');
await page.click('button:has-text("Helpful")');
await page.waitForFunction(() => document.querySelector('#feedback [role=status]').textContent);
seen.feedback = await page.textContent('#feedback [role=status]');
await check(page, 'document');

// Who stays with a page that was found tells so.
const stays = await open();
await stays.clock.install();
await stays.goto(shared);
await stays.click('ol.hits li a');
await stays.waitForSelector('#feedback button');
const told = stays.waitForResponse((r) => r.url().endsWith('/signals'));
await stays.clock.runFor(11000);
seen.dwell = (await told).status();

// Sources: add, see it done, look at what was left out.
await page.goto(`${url}/sources`);
await page.waitForSelector('#collections table');
await page.fill('#location', directory);
await page.fill('#collection', 'added');
await page.click('#add button');
await page.waitForSelector('#jobs tr:has-text("done") >> nth=0');
await page.waitForSelector('#collections a:has-text("added")');
await page.waitForSelector('#said.notice:has-text("1 written")');
await page.click('#jobs tr:has-text("added") button:has-text("Files left out")');
await page.waitForSelector('#said table, #said p');
await check(page, 'sources');
await page.fill('#location', '/no/such/directory');
await page.click('#add button');
await page.waitForSelector('#said:has-text("/no/such")');
seen.refused = await page.textContent('#said');

// Status.
await page.goto(`${url}/status`);
await page.waitForSelector('#services table');
await page.waitForSelector('#queries meter');
seen.overall = await page.textContent('#overall');
seen.availability = await page.textContent('#availability');
page.once('dialog', (d) => { seen.asked = d.message(); d.accept(); });
await page.click('#gaps tr:has-text("zygohydra") button:has-text("Fill")');
await page.waitForSelector('#said:has-text("Queued")');
await page.waitForSelector('#gaps tr:has-text("zygohydra"):has-text("queued"), #gaps p:has-text("None")');
await check(page, 'status');

// Settings: a good value, a bad one, a provider.
await page.goto(`${url}/settings`);
await page.waitForSelector('#settings table');
await page.fill('#filter', 'search.k');
await page.fill('[id="set-search.k"]', '7');
await page.keyboard.press('Enter');
await page.waitForSelector('#said:has-text("search.k is now 7")');
await page.fill('[id="set-search.k"]', 'many');
await page.keyboard.press('Enter');
await page.waitForSelector('#said.bad');
seen.invalid = await page.textContent('#said');
await page.fill('#filter', '');
await page.click('#providers tr:has-text("docfs") button:has-text("Test")');
await page.waitForFunction(() => !document.querySelector('#said').textContent.includes('Testing'));
seen.provider = await page.textContent('#said');
await check(page, 'settings');

// Dark, on a phone: nothing is wider than the screen.
const phone = await open({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
for (const [name, path] of [['phone-search', '/?q=cancel+a+task'], ['phone-document', new URL(shared).pathname],
  ['phone-sources', '/sources'], ['phone-status', '/status'], ['phone-settings', '/settings']]) {
  await phone.goto(url + path, { waitUntil: 'networkidle' }).catch(() => {});
  seen.widths[name] = await phone.evaluate(() => document.documentElement.scrollWidth);
  await check(phone, name);
}

// Searching and reading without JavaScript.
const plain = await open({ javaScriptEnabled: false });
await plain.goto(url);
await plain.fill('#q', 'cancel a task');
await plain.click('form.search button');
await plain.waitForSelector('ol.hits li');
await plain.click('ol.hits li h2 a');
await plain.waitForSelector('article h1');
seen.plain = await plain.textContent('article h1');

// How long until a page is complete.
const timed = await open();
await timed.goto(`${url}/?q=cancel+a+task`, { waitUntil: 'load' });
await timed.goto(`${url}/?q=cancel+a+task+again`, { waitUntil: 'load' });
seen.load_ms = await timed.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd);

await browser.close();
console.log(JSON.stringify(seen));
