// The player's company: words, waveform and storyboard that seek. The video itself works without this script.
// Text only ever goes in as text.

const $ = (selector) => document.querySelector(selector);
const video = $('#video');
const seek = (seconds) => { video.currentTime = seconds; };
const play = (seconds) => { seek(seconds); video.play().catch(() => {}); };
const fetched = async (node) => {
  const answer = await fetch(node.dataset.src);
  if (!answer.ok) throw new Error(answer.status);
  return answer;
};
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(seconds >= 3600 ? 11 : 14, 19);

for (const button of document.querySelectorAll('[data-seek]')) {
  button.addEventListener('click', () => play(Number(button.dataset.seek) / 1000));
}

// ---- Captions of sound: a video shows its own, but sound has no picture to show them on -------------------------------------------

const line = $('#line');
const [track] = video.textTracks;
if (line && track) {
  track.mode = 'hidden';
  track.addEventListener('cuechange', () => {
    line.replaceChildren(...[...track.activeCues].map((cue) => cue.getCueAsHTML()));
    line.lang = track.language;
  });
}

// ---- Transcript: a word is a button, but one that reads as text -----------------------------------------------------------------

const PAUSE_MS = 1500;
const transcript = $('#words');
if (transcript) tellWords().catch(() => {});
async function tellWords() {
  const { words, language } = await (await fetched(transcript)).json();
  const spans = words.map((word) => {
    const span = document.createElement('span');
    span.textContent = word.text;
    span.dataset.start = word.start_ms;
    if (word.confidence_thousandths < 500) { span.className = 'unsure'; span.title = 'the model was not sure of this word'; }
    return span;
  });
  const paragraphs = [];
  words.forEach((word, index) => {
    const before = words[index - 1];
    const isNew = !before || word.start_ms - before.end_ms > PAUSE_MS || word.speaker !== before.speaker;
    if (isNew) {
      const paragraph = document.createElement('p');
      const time = document.createElement('button');
      time.type = 'button';
      time.className = 'time';
      time.textContent = clock(word.start_ms / 1000);
      time.addEventListener('click', () => play(word.start_ms / 1000));
      paragraph.append(time, word.speaker ? ` ${word.speaker}: ` : ' ');
      paragraphs.push(paragraph);
    }
    paragraphs.at(-1).append(spans[index], ' ');
  });
  if (language) transcript.lang = language;
  transcript.replaceChildren(...paragraphs);
  transcript.addEventListener('click', (event) => {
    const { start } = event.target.dataset;
    if (start !== undefined) play(Number(start) / 1000);
  });
  let current = null;
  video.addEventListener('timeupdate', () => {
    const now = video.currentTime * 1000;
    let low = 0;
    let high = words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (words[middle].start_ms <= now) low = middle + 1; else high = middle;
    }
    const next = low > 0 && words[low - 1].end_ms + PAUSE_MS > now ? spans[low - 1] : null;
    if (next === current) return;
    current?.classList.remove('now');
    next?.classList.add('now');
    current = next;
  });
}

// ---- Waveform: audiowaveform's JSON, minimum and maximum by turns ---------------------------------------------------------------

const waveform = $('#waveform');
if (waveform) drawWaveform().catch(() => waveform.remove());
async function drawWaveform() {
  const { data, bits = 8 } = await (await fetched(waveform)).json();
  const peaks = data.length / 2;
  const full = 2 ** (bits - 1);
  const draw = () => {
    const scale = devicePixelRatio || 1;
    const { clientWidth, clientHeight } = waveform;
    waveform.width = clientWidth * scale;
    waveform.height = clientHeight * scale;
    const paint = waveform.getContext('2d');
    const style = getComputedStyle(waveform);
    const played = video.duration ? video.currentTime / video.duration : 0;
    for (let x = 0; x < waveform.width; x += 1) {
      const from = Math.floor((x / waveform.width) * peaks);
      const to = Math.max(from + 1, Math.floor(((x + 1) / waveform.width) * peaks));
      let low = 0;
      let high = 0;
      for (let peak = from; peak < to; peak += 1) {
        low = Math.min(low, data[2 * peak]);
        high = Math.max(high, data[2 * peak + 1]);
      }
      const middle = waveform.height / 2;
      paint.fillStyle = x / waveform.width < played ? style.color : style.borderColor;
      paint.fillRect(x, middle - (high / full) * middle, 1, Math.max(scale, ((high - low) / full) * middle));
    }
  };
  draw();
  new ResizeObserver(draw).observe(waveform);
  video.addEventListener('timeupdate', draw);
  waveform.addEventListener('click', (event) => {
    if (video.duration) seek((event.offsetX / waveform.clientWidth) * video.duration);
  });
}

// ---- Storyboard: WebVTT whose cues are places on sheets (`sheet.jpg#xywh=0,0,160,90`) ---------------------------------------------

const storyboard = $('#storyboard');
if (storyboard) tellStoryboard().catch(() => storyboard.remove());
async function tellStoryboard() {
  const text = await (await fetched(storyboard)).text();
  const folder = storyboard.dataset.src.slice(0, storyboard.dataset.src.lastIndexOf('/') + 1);
  const seconds = (stamp) => stamp.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const tiles = [...text.matchAll(/([\d:.]+) --> [\d:.]+[^\n]*\n([\w.-]+)#xywh=(\d+),(\d+),(\d+),(\d+)/g)];
  storyboard.replaceChildren(...tiles.map(([, start, sheet, x, y, width, height]) => {
    const tile = document.createElement('button');
    tile.type = 'button';
    tile.role = 'listitem';
    tile.title = clock(seconds(start));
    tile.setAttribute('aria-label', `seek to ${clock(seconds(start))}`);
    Object.assign(tile.style, {
      width: `${width}px`, height: `${height}px`,
      backgroundImage: `url("${folder}${sheet}")`, backgroundPosition: `-${x}px -${y}px`,
    });
    tile.addEventListener('click', () => play(seconds(start)));
    return tile;
  }));
}
