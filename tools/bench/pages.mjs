// When pages are complete in a real browser. pages.mjs URL ROUNDS PATH...
// Complete: everything it loads and fetches has arrived and the largest part of it is painted.
import { chromium } from 'playwright-core';

const [url, rounds, ...paths] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

async function once(path) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } }); // nothing is kept
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.painted = 0;
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) window.painted = Math.max(window.painted, e.startTime);
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  });
  await page.goto(url + path, { waitUntil: 'load' });
  await page.waitForTimeout(400);
  const at = await page.evaluate(() => Math.max(
    performance.getEntriesByType('navigation')[0].loadEventEnd, window.painted,
    ...performance.getEntriesByType('resource').map((r) => r.responseEnd)));
  await context.close();
  return at;
}

await once(paths[0]); // the browser itself starts
for (const path of paths) {
  const took = [];
  for (let i = 0; i < Number(rounds); i++) took.push(await once(path));
  took.sort((a, b) => a - b);
  console.log(`${path.padEnd(40)} median ${took[took.length >> 1].toFixed(0)} ms, slowest ${took.at(-1).toFixed(0)} ms`);
}
await browser.close();
