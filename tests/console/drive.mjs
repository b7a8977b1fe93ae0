// Drives the console in Chromium and says what is wrong with it. Started by tests/tests/console_browser.rs.
import { rmSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [origin, emptyOrigin, token, playwright, shots, portrait, stale, broken] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(playwright));
const samples = process.env.SAMPLES;
const faults = [];
const check = (holds, words) => { console.log(`${holds ? 'ok  ' : 'BAD '} ${words}`); if (!holds) faults.push(words); };

rmSync(join(shots, 'go'), { force: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

async function open(base, { dark = false, phone = false, url = '/', script = true } = {}) {
  const context = await browser.newContext({
    colorScheme: dark ? 'dark' : 'light',
    viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    hasTouch: phone, isMobile: phone, deviceScaleFactor: phone ? 2 : 1, javaScriptEnabled: script,
    permissions: script ? ['clipboard-read', 'clipboard-write'] : [],
  });
  const page = await context.newPage();
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type()) && !page.expectErrors) faults.push(`console says: ${message.text()} at ${page.url()}`); });
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  await page.goto(`${base}/?token=${token}`);
  check(!page.url().includes(token), 'the token leaves the address');
  if (url !== '/') await page.goto(base + url);
  await page.waitForLoadState('networkidle').catch(() => {});
  return page;
}
const asset = (id) => `/assets/${id}`;

// What a machine can say of accessibility: names, labels, one h1, unique ids, contrast, targets, no sideways scrolling.
async function audit(page, words) {
  const found = await page.evaluate(() => {
    const bad = [];
    const shown = (node) => node.checkVisibility() && node.getBoundingClientRect().width > 1;
    const nameOf = (node) => (node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent || '').trim();
    for (const node of document.querySelectorAll('img')) if (!node.hasAttribute('alt')) bad.push(`img without alt: ${node.src}`);
    for (const node of document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')) if (shown(node) && !nameOf(node)) bad.push(`no name: ${node.outerHTML.slice(0, 90)}`);
    if (document.querySelectorAll('h1').length !== 1) bad.push('not exactly one h1');
    for (const tag of ['header', 'main']) if (!document.querySelector(tag)) bad.push(`no ${tag}`);
    const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
    for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) bad.push(`id twice: ${id}`);
    if (document.documentElement.scrollWidth > innerWidth) bad.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    const rgb = (text) => { const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true }); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
    const ground = (node) => { for (; node; node = node.parentElement) { const [r, g, b, a] = rgb(getComputedStyle(node).backgroundColor); if (a > 200) return [r, g, b]; } return rgb('white'); };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set();
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || seen.has(node) || !shown(node) || node.closest('.hidden-text, :disabled')) continue;
      seen.add(node);
      const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) bad.push(`contrast ${ratio.toFixed(2)}: ${node.className || node.tagName} "${node.textContent.trim().slice(0, 30)}"`);
    }
    for (const node of document.querySelectorAll('button, .button, summary, .filters a')) { const box = node.getBoundingClientRect(); if (shown(node) && (box.width < 24 || box.height < 24)) bad.push(`small target: ${node.outerHTML.slice(0, 80)}`); }
    return [...new Set(bad)];
  });
  check(found.length === 0, `${words} is accessible${found.length ? `: ${found.join('; ')}` : ''}`);
}

// ---- Pictures of every page in every light, while one asset is in the works ------------------------------------------------
for (const dark of [false, true]) {
  for (const phone of [false, true]) {
    const look = `${dark ? 'dark' : 'light'}-${phone ? 'phone' : 'desktop'}`;
    const page = await open(origin, { dark, phone });
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(shots, `gallery-${look}.png`), fullPage: phone });
    await audit(page, `gallery ${look}`);
    for (const [name, id] of [['asset', portrait], ['review', stale], ['refused', broken]]) {
      await page.goto(origin + asset(id));
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(shots, `${name}-${look}.png`), fullPage: true });
      await audit(page, `${name} ${look}`);
    }
    await page.context().close();
  }
}
{
  const page = await open(emptyOrigin);
  await page.screenshot({ path: join(shots, 'empty-light-desktop.png') });
  await audit(page, 'empty gallery');
  check(await page.getByText('Nothing here yet').isVisible(), 'an empty gallery explains itself');
}

// ---- Without script --------------------------------------------------------------------------------------------------------
{
  const page = await open(origin, { script: false });
  check(await page.locator('.tile').count() >= 9, 'the gallery needs no script');
  await page.goto(origin + asset(portrait));
  check(await page.locator('#fx').isVisible(), 'the focal point can be typed without script');
}

// ---- Gallery ---------------------------------------------------------------------------------------------------------------
const page = await open(origin);
check(await page.evaluate(() => !window.x && document.querySelectorAll('script').length === 1), 'no stranger’s script runs');
const shift = await page.evaluate(() => new Promise((resolve) => { let sum = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; }).observe({ type: 'layout-shift', buffered: true }); setTimeout(() => resolve(sum), 300); }));
check(shift < 0.01, `nothing jumps while the gallery loads (${shift.toFixed(4)})`);
await page.getByRole('searchbox').fill('espr');
await page.keyboard.press('Enter');
await page.waitForURL(/q=espr/);
check(await page.locator('.tile').count() === 1, 'search finds by the beginning of a word');
await page.goto(`${origin}/?state=failed`);
check(await page.locator('.tile .s-failed').count() === await page.locator('.tile').count(), 'the filter shows one state only');
await page.goto(`${origin}/`);

// ---- Upload by dropping, live state ----------------------------------------------------------------------------------------
const drop = async (name, bytes) => {
  const transfer = await page.evaluateHandle(([name, bytes]) => { const transfer = new DataTransfer(); transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' })); return transfer; }, [name, [...bytes]]);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  check(await page.locator('#drop').isVisible(), 'dragging a file shows where it goes');
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
};
const picture = readFileSync(join(samples, 'Team banner (2 people).jpg'));
await drop('Dropped here.jpg', picture);
await page.locator('#uploads').getByText('arrived', { exact: true }).waitFor({ timeout: 15000 });
check(true, 'a dropped file arrives in the inbox on another origin');
page.expectErrors = true;
await drop('empty.jpg', Buffer.alloc(0));
await page.getByText('Not uploaded: the file is empty.').waitFor();
await drop('forbidden.jpg', Buffer.from('x'));
await page.getByText('Not uploaded: the inbox answered 403.').waitFor();
page.expectErrors = false;
check(true, 'a refused upload says why');
await page.screenshot({ path: join(shots, 'uploads-light-desktop.png') });
await audit(page, 'uploads');
await page.waitForTimeout(300);
writeFileSync(join(shots, 'go'), '');
await page.locator('li[data-state=ready]', { hasText: 'Dropped' }).waitFor({ timeout: 120000 });
check(true, 'the new asset appears and becomes ready without a reload');
check((await page.locator('#say').textContent()).length > 0, 'a change of state is announced');

// ---- Focal point by keys, pointer and touch --------------------------------------------------------------------------------
await page.goto(origin + asset(portrait));
const marker = page.locator('.marker');
await marker.focus();
const before = await page.locator('#fx').inputValue();
await page.keyboard.press('ArrowRight');
await page.keyboard.press('Shift+ArrowDown');
check(Math.abs(await page.locator('#fx').inputValue() - before - 1) < 0.05, 'an arrow key moves the focal point by one percent');
check((await marker.getAttribute('aria-valuetext')).includes('percent from the left'), 'the focal point tells where it is');
check(await page.locator('.crop .live').first().isVisible(), 'crops preview the move');
await page.screenshot({ path: join(shots, 'moving-light-desktop.png'), fullPage: true });
await page.keyboard.press('Escape');
check(await page.locator('#fx').inputValue() === before, 'escape puts it back');
const box = await page.locator('.stage').boundingBox();
await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
await page.mouse.down();
await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.6, { steps: 4 });
await page.mouse.up();
check(Math.abs(await page.locator('#fx').inputValue() - 30) < 1, 'the pointer drags the focal point');
await page.getByRole('button', { name: 'Save' }).click();
await page.locator('#focus').getByText('Placed by console').waitFor({ timeout: 60000 });
check(true, 'the saved focal point comes back as a person’s');
await page.locator('#status[data-state=ready]').waitFor({ timeout: 120000 });
await page.locator('#view-square summary').click();
await page.locator('#view-square [data-copy]').click();
check((await page.evaluate(() => navigator.clipboard.readText())).startsWith('<picture>'), 'the markup is copied');
await page.screenshot({ path: join(shots, 'files-light-desktop.png'), fullPage: true });
await audit(page, 'open files');

await page.goto(origin + asset(stale));
await page.getByRole('button', { name: 'It fits' }).click();
await page.locator('#status[data-state=ready]').waitFor({ timeout: 60000 });
check(await page.locator('.review').count() === 0, 'confirming settles the review');

await page.goto(origin + asset(broken));
const retry = page.getByRole('button', { name: 'Retry' });
check(await retry.count() === 1, 'a refused step can be tried again');
await retry.click();
await page.getByText('asked to try', { exact: false }).first().waitFor({ timeout: 30000 });

const phone = await open(origin, { phone: true, url: asset(portrait) });
const area = await phone.locator('.stage').boundingBox();
await phone.touchscreen.tap(area.x + area.width * 0.7, area.y + area.height * 0.4);
check(Math.abs(await phone.locator('#fx').inputValue() - 70) < 2, 'a touch moves the focal point');

await browser.close();
if (faults.length) { console.error(`\n${faults.length} faults:\n${[...new Set(faults)].join('\n')}`); process.exit(1); }
