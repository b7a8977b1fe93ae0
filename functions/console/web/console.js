// Live updates, uploads and the movable focal point. Every page works without this script, uploads apart.
// Text only ever goes in as text; new markup comes from the server as a parsed document, in which no script runs.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const csrf = $('meta[name=csrf]')?.content ?? '';
const say = (words) => { $('#say').textContent = words; };
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

// ---- Times, in the reader's zone -------------------------------------------------------------------------------------------

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
function tellTimes() {
  for (const node of $$('time[data-ms]')) {
    const at = Number(node.dataset.ms);
    const seconds = Math.round((at - Date.now()) / 1000);
    const [unit, length] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]].find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1];
    node.textContent = relative.format(Math.trunc(seconds / length), unit);
    node.title = absolute.format(at);
    node.dateTime = new Date(at).toISOString();
  }
}

// ---- Live updates ----------------------------------------------------------------------------------------------------------

// What the server last sent for each part, for the script changes what is on the page.
const seen = new Map();
const parts = (root) => $$('[data-live], [data-live-list] > *', root).filter((node) => node.id);
let isMoving = false;
// The button pressed last: a disabled one loses the focus, which its successor takes.
let pressed = null;

// What somebody is moving or typing is not drawn again under their hands.
const isEdited = (node) => $$('textarea:not([readonly]), [name=decorative][type=checkbox]', node).some((field) =>
  (field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
function isHeld(fresh, old) {
  if (isMoving && (fresh.id === 'focus' || fresh.id === 'crops')) return true;
  if (!isEdited(old)) return false;
  const moved = $('.moved', old);
  if (moved?.hidden) { moved.hidden = false; say(moved.textContent); }
  return true;
}

function remember() {
  for (const node of parts(document)) if (!seen.has(node.id)) seen.set(node.id, node.outerHTML);
}

function fetchPage() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('GET', location.href);
    request.responseType = 'document';
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject(new Error(request.status)));
    request.onerror = reject;
    request.send();
  });
}

function swap(old, fresh) {
  seen.set(fresh.id, fresh.outerHTML);
  const active = document.activeElement === document.body ? pressed : document.activeElement;
  const focused = old.contains(active) ? active : null;
  for (const details of $$('details[open]', old)) { const twin = details.id && fresh.querySelector(`#${CSS.escape(details.id)}`); if (twin) twin.open = true; }
  const node = document.adoptNode(fresh);
  old.replaceWith(node);
  if (focused) {
    const same = focused.id ? document.getElementById(focused.id) : $$(focused.tagName, node).find((other) =>
      other.getAttribute('href') === focused.getAttribute('href') && other.className === focused.className);
    same?.focus({ preventScroll: true });
    // What was pressed may be gone, or folded away.
    if (document.activeElement !== same) $('[tabindex="-1"]', node)?.focus({ preventScroll: true });
    pressed = null;
  }
}

function update(page) {
  const news = [];
  const note = (fresh, old) => {
    const state = fresh.dataset.state;
    if (state && state !== old?.dataset.state) news.push(`${fresh.dataset.name ?? $('.name', fresh)?.title ?? ''}: ${state}`);
  };
  for (const fresh of $$('[data-live]', page)) {
    const old = document.getElementById(fresh.id);
    if (!old || seen.get(fresh.id) === fresh.outerHTML || isHeld(fresh, old)) continue;
    note(fresh, old);
    swap(old, fresh);
    // What plays is not drawn again: the page is loaded anew, unless somebody is listening.
    if ('reload' in fresh.dataset && !($('video')?.currentTime > 0)) location.reload();
  }
  for (const freshList of $$('[data-live-list]', page)) {
    const list = document.getElementById(freshList.id);
    const wanted = [...freshList.children];
    const ids = new Set(wanted.map((node) => node.id));
    for (const node of [...list.children]) if (!ids.has(node.id)) { seen.delete(node.id); node.remove(); }
    wanted.forEach((fresh, index) => {
      const old = document.getElementById(fresh.id);
      const html = fresh.outerHTML;
      if (!old || (seen.get(fresh.id) !== html && !isHeld(fresh, old))) {
        note(fresh, old);
        if (old) swap(old, fresh); else { seen.set(fresh.id, html); list.append(document.adoptNode(fresh)); }
      }
      const node = document.getElementById(fresh.id);
      if (list.children[index] !== node) list.insertBefore(node, list.children[index]);
    });
  }
  if (news.length) say(news.length > 3 ? `${news.length} assets changed` : news.join('. '));
  enhance();
}

let tag = null;
let quiet = 0;
let failures = 0;
let timer = 0;
async function poll() {
  clearTimeout(timer);
  const url = document.body.dataset.poll;
  if (!url) return;
  try {
    const answer = await fetch(url, { headers: tag ? { 'if-none-match': tag } : {}, cache: 'no-store' });
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status !== 304 && !answer.ok) throw new Error(answer.status);
    const fresh = answer.headers.get('etag');
    if (answer.status === 200 && fresh !== tag) {
      // The first answer may be newer than the page, so it counts as news too.
      update(await fetchPage());
      tag = fresh;
      quiet = 0;
    } else quiet += 1;
    failures = 0;
  } catch { failures += 1; }
  $('#offline').hidden = failures < 3;
  // Fast while something happens, slower when nothing does, slowest when nobody looks or nothing answers.
  const busy = $('.s-processing.chip') ? 1000 : Math.min(1500 + quiet * 250, 6000);
  const wait = document.hidden ? 60000 : failures ? Math.min(1000 * 2 ** failures, 30000) : busy;
  timer = setTimeout(poll, wait * (0.9 + Math.random() * 0.2));
}
const soon = () => { quiet = 0; clearTimeout(timer); timer = setTimeout(poll, 250); };
document.addEventListener('visibilitychange', () => { if (!document.hidden) soon(); });

// ---- Words of a person -----------------------------------------------------------------------------------------------------

const problem = async (answer) => (await answer.json().catch(() => null))?.detail ?? `the server answered ${answer.status}`;

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  const buttons = $$('button', form);
  buttons.forEach((button) => { button.disabled = true; });
  $('.bad', form)?.remove();
  try {
    const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json', 'x-csrf-token': csrf } });
    if (!answer.ok) throw new Error(await problem(answer));
    if (form.id === 'move') isMoving = false;
    say(form.dataset.send);
    pressed = event.submitter;
    const card = form.closest('.texts > li');
    if (card) {
      // Saved, so it may be drawn again; what is typed in another form of the card may not.
      for (const field of $$('textarea', form)) field.defaultValue = field.value;
      for (const field of $$('[type=checkbox]', form)) field.defaultChecked = field.checked;
      const details = form.closest('details');
      if (details) details.open = false;
    }
    // Not drawn again before `settle` has taken it in: the old point would flash.
    seen.delete(card?.id ?? 'focus');
    soon();
  } catch (error) {
    form.append(make('p', { className: 'bad', role: 'alert', textContent: `This was not saved: ${error.message}.` }));
    buttons.forEach((button) => { button.disabled = false; });
  }
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const words = $('span', button);
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    words.textContent = 'Copied';
    say('Copied');
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    words.textContent = 'Selected: press Ctrl C';
  }
  setTimeout(() => { words.textContent = 'Copy'; }, 2500);
});

// ---- Focal point -----------------------------------------------------------------------------------------------------------

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// The same arithmetic as the server's, in pixels of the source.
function windowOf(stage, ratio, x, y) {
  const [width, height] = [Number(stage.dataset.width), Number(stage.dataset.height)];
  const [rw, rh] = ratio.split(':').map(Number);
  const wide = width * rh >= height * rw;
  const w = wide ? clamp(Math.floor((height * rw + rh / 2) / rh), 1, width) : width;
  const h = wide ? height : clamp(Math.floor((width * rh + rw / 2) / rw), 1, height);
  const place = (size, part, thousandths) => clamp(Math.floor(size * thousandths / 1000) - Math.floor(part / 2), 0, size - part);
  return [place(width, w, x), place(height, h, y), w, h];
}

function draw() {
  const stage = $('.stage');
  if (!stage) return;
  const [x, y] = [Math.round($('#fx').value * 10), Math.round($('#fy').value * 10)];
  const marker = $('.marker', stage);
  marker.hidden = false;
  marker.style.left = `${x / 10}%`;
  marker.style.top = `${y / 10}%`;
  marker.setAttribute('aria-valuenow', Math.round(x / 10));
  marker.setAttribute('aria-valuetext', `${Math.round(x / 10)} percent from the left, ${Math.round(y / 10)} percent from the top`);
  const ratio = $('input[name=window]:checked')?.value;
  const { width, height } = stage.dataset;
  const [left, top, w, h] = ratio ? windowOf(stage, ratio, x, y) : [0, 0, 0, 0];
  $('.mask path', stage).setAttribute('d', ratio ? `M0 0H${width}V${height}H0zM${left} ${top}h${w}v${h}h${-w}z` : '');
  const wasMoving = isMoving;
  isMoving = x !== Number(stage.dataset.x) || y !== Number(stage.dataset.y);
  // What came in meanwhile was held back.
  if (wasMoving && !isMoving) { tag = null; soon(); }
  $('#discard').disabled = !isMoving;
  for (const crop of $$('.crop')) {
    const live = $('.live', crop);
    if (!live) continue;
    live.setAttribute('viewBox', windowOf(stage, crop.dataset.ratio, x, y).join(' '));
    const made = $('.made', crop);
    if (made) made.hidden = isMoving;
    live.toggleAttribute('hidden', Boolean(made) && !isMoving);
    $('.is-live', crop).hidden = !isMoving;
    $('.is-made', crop).hidden = isMoving;
  }
}

function moveTo(x, y) {
  $('#fx').value = clamp(x, 0, 100).toFixed(1);
  $('#fy').value = clamp(y, 0, 100).toFixed(1);
  draw();
}

function point(event) {
  const box = $('.stage').getBoundingClientRect();
  moveTo((event.clientX - box.left) / box.width * 100, (event.clientY - box.top) / box.height * 100);
}

document.addEventListener('pointerdown', (event) => {
  const stage = event.target.closest?.('.stage');
  // A finger beside the ring may be about to scroll: only its tap counts (see `click`).
  if (!stage || event.button || (event.pointerType === 'touch' && !event.target.closest('.marker'))) return;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  point(event);
  const stop = () => {
    stage.removeEventListener('pointermove', point);
    $('.marker', stage)?.focus({ preventScroll: true });
  };
  stage.addEventListener('pointermove', point);
  stage.addEventListener('lostpointercapture', stop, { once: true });
});

document.addEventListener('keydown', (event) => {
  if (!event.target.matches?.('.marker')) return;
  const step = event.shiftKey ? 10 : 1;
  const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
  if (event.key === 'Enter') { event.preventDefault(); $('#move').requestSubmit(); }
  if (event.key === 'Escape') discard();
  if (!dx && !dy) return;
  event.preventDefault();
  moveTo(Number($('#fx').value) + dx, Number($('#fy').value) + dy);
});

function discard() {
  const { x, y } = $('.stage').dataset;
  moveTo(x / 10, y / 10);
}
document.addEventListener('click', (event) => {
  if (event.target.closest('#discard')) discard();
  if (event.pointerType === 'touch' && event.target.closest('.stage')) point(event);
});
document.addEventListener('input', (event) => { if (event.target.matches('#fx, #fy, input[name=window]')) draw(); });

// ---- Texts -----------------------------------------------------------------------------------------------------------------

// Characters as people count them, as far as the browser knows.
const segmenter = Intl.Segmenter && new Intl.Segmenter();
const lengthOf = (text) => [...(segmenter ? segmenter.segment(text) : text)].length;
function countCharacters(form) {
  const count = $('.count', form);
  const [n, most] = [lengthOf($('textarea', form).value.trim()), Number(count.dataset.max)];
  count.textContent = most ? `${n} of ${most} characters${n > most ? ': longer than the profile asks for' : ''}` : `${n} characters`;
  count.classList.toggle('bad', Boolean(most) && n > most);
  return count;
}
document.addEventListener('input', (event) => {
  const form = event.target.closest('.edit form');
  if (!form) return;
  const wasLong = $('.count', form).classList.contains('bad');
  const count = countCharacters(form);
  if (!wasLong && count.classList.contains('bad')) say(count.textContent);
  const card = form.closest('li');
  // What came in meanwhile was held back.
  if (!$('.moved', card).hidden && !isEdited(card)) { $('.moved', card).hidden = true; tag = null; soon(); }
});

function enhance() {
  for (const node of $$('[data-script]')) node.hidden = false;
  tellTimes();
  draw();
  $$('.edit form').forEach(countCharacters);
}

// ---- Uploads ---------------------------------------------------------------------------------------------------------------

const waiting = [];
let running = 0;

function upload(files) {
  const panel = $('#uploads');
  if (!panel || !files.length) return;
  panel.hidden = false;
  for (const file of files) {
    const bar = make('progress', { max: 100, value: 0 });
    bar.setAttribute('aria-label', `upload of ${file.name}`);
    const words = make('span', { className: 'facts', textContent: 'waiting' });
    const name = make('bdi', { className: 'name', title: file.name }, make('span', { className: 'head', textContent: file.name.slice(0, -9) }), make('span', { className: 'tail', textContent: file.name.slice(-9) }));
    const row = make('li', {}, name, bar, words);
    $('ul', panel).prepend(row);
    waiting.push({ file, bar, words, row, name });
  }
  next();
}

function next() {
  while (running < 3 && waiting.length) {
    running += 1;
    send(waiting.shift()).finally(() => { running -= 1; next(); });
  }
}

async function send({ file, bar, words, row, name }) {
  try {
    const answer = await fetch('/api/uploads', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': csrf },
      body: JSON.stringify({ name: file.name, size: file.size }),
    });
    if (!answer.ok) throw new Error(await problem(answer));
    const place = await answer.json();
    await put(place.put, file, (share) => { bar.value = share * 100; words.textContent = `${Math.floor(share * 100)} %`; });
    bar.hidden = true;
    words.textContent = place.replaces ? 'arrived as a new version' : 'arrived';
    const link = make('a', { href: place.asset });
    name.replaceWith(link);
    link.append(name);
    say(`${file.name} arrived`);
    soon();
  } catch (error) {
    bar.hidden = true;
    words.className = 'bad';
    words.textContent = `Not uploaded: ${error.message}.`;
    row.append(make('button', { type: 'button', className: 'small', textContent: 'Try again', onclick: () => { row.remove(); upload([file]); } }));
    say(`${file.name} was not uploaded: ${error.message}`);
  }
}

function put({ url, headers }, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    for (const [name, value] of headers) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(`the inbox answered ${request.status}`)));
    request.onerror = () => reject(new Error('the inbox cannot be reached'));
    request.send(file);
  });
}

if ($('#uploads')) {
  $('#files').addEventListener('change', (event) => { upload([...event.target.files]); event.target.value = ''; });
  $('#uploads-close').addEventListener('click', () => { $('#uploads').hidden = true; $('#uploads ul').replaceChildren(); });
  let depth = 0;
  const isFiles = (event) => event.dataTransfer?.types.includes('Files');
  const show = (by) => { depth = Math.max(0, depth + by); $('#drop').hidden = depth === 0; };
  addEventListener('dragenter', (event) => { if (isFiles(event)) { event.preventDefault(); show(1); } });
  addEventListener('dragleave', (event) => { if (isFiles(event)) show(-1); });
  addEventListener('dragover', (event) => { if (isFiles(event)) event.preventDefault(); });
  addEventListener('drop', (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    show(-depth);
    upload([...event.dataTransfer.files]);
  });
}

remember();
enhance();
poll();
setInterval(tellTimes, 20000);
