// The player in a real browser: node player.mjs ADDRESS ASSET PLAYWRIGHT SCREENSHOTS
// ADDRESS is the console's with its token; the asset is a video of which somebody says "Hello, green room.".

const [address, asset, playwright, screenshots] = process.argv.slice(2);
const { chromium } = await import(playwright);

const faults = [];
const check = (is, what) => { console.log(`${is ? 'ok  ' : 'FAIL'} ${what}`); if (!is) faults.push(what); };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const open = async (width, colorScheme) => {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.on('pageerror', (error) => check(false, `the script runs: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') check(false, `nothing is refused: ${message.text()}`); });
  await page.goto(address);
  await page.goto(new URL(`/assets/${asset}`, address).href);
  await page.waitForFunction(() => document.querySelector('#video')?.readyState >= 1);
  return page;
};

const page = await open(1280, 'light');
const video = await page.evaluate(() => {
  const { duration, videoWidth, textTracks, poster } = document.querySelector('#video');
  return { duration, videoWidth, poster, languages: [...textTracks].map((track) => track.language) };
});
check(video.duration > 5 && video.duration < 7, `it lasts six seconds: ${video.duration}`);
check(video.videoWidth === 640, `its pictures are decoded: ${video.videoWidth}`);
check(/poster-\d+\.jpg$/.test(video.poster), `it has a poster: ${video.poster}`);
check(video.languages.join() === 'en', `it has captions in English: ${video.languages}`);

await page.waitForSelector('#words span');
const words = await page.locator('#words span').allTextContents();
check(words.join(' ') === 'Hello, green room.', `the transcript is there: ${words}`);
await page.locator('#words span').nth(2).click();
await page.waitForFunction(() => document.querySelector('#video').currentTime >= 1.7);
const at = await page.evaluate(() => { const video = document.querySelector('#video'); video.pause(); return video.currentTime; });
check(at >= 1.7 && at < 3, `a click on a word seeks there: ${at}`);
await page.evaluate(() => { const video = document.querySelector('#video'); video.textTracks[0].mode = 'showing'; video.currentTime = 2; });
await page.waitForFunction(() => document.querySelector('#video').textTracks[0].activeCues?.length === 1);
check(await page.locator('#words .now').count() === 1, 'the word that is said is marked');

await page.waitForSelector('#storyboard button');
await page.locator('#storyboard button').last().click();
await page.waitForFunction(() => document.querySelector('#video').currentTime > 4);
const painted = await page.evaluate(() => {
  const canvas = document.querySelector('#waveform');
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0);
});
check(painted, 'the waveform is drawn');
await page.evaluate(() => document.querySelector('#video').pause());
await page.screenshot({ path: `${screenshots}/player.png`, fullPage: true });

for (const [name, width, scheme] of [['player-dark', 1280, 'dark'], ['player-phone', 390, 'light']]) {
  const other = await open(width, scheme);
  await other.waitForSelector('#words span');
  const overflow = await other.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(overflow <= 0, `${name}: nothing is wider than the screen: ${overflow}`);
  await other.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
  await other.close();
}

// A person's captions: typed on the page, in force at once.
await page.locator('summary', { hasText: 'Edit the captions' }).click();
const field = page.locator('#captions textarea');
check((await field.inputValue()).includes('Hello, green room.'), 'the captions can be edited');
await field.fill('WEBVTT\n\n00:00:00.500 --> 00:00:02.400\nHello, Greenroom!\n');
await page.locator('#captions form.edit button').click();
await page.waitForFunction(() => document.querySelector('#captions')?.textContent.includes('By a person'), null, { timeout: 20000 });
check(true, 'a person’s captions count');
await field.waitFor({ state: 'attached' });
await browser.close();
process.exit(faults.length ? 1 : 0);
