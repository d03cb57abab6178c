// The panel proves the browser it runs in: it tries what work calls need, and tells the program each step's numbers.

import * as facts from './facts.js';
import * as media from './media.js';

const root = document.getElementById('panel');
const { base, secret = '', lang = '' } = root.dataset;
const human = 60_000; // what a person gets to answer one prompt
const steps = ['popup', 'sound', 'storage', 'websocket', 'speed', 'microphone', 'camera', 'call'];
const states = {};
let texts = {};
let hides = 0;
let context;
let over = false;

const text = (key) => texts[key] ?? key;

function make(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

const ui = {
  lead: make('p', { class: 'dr-lead', tabindex: '-1', 'aria-live': 'polite' }),
  say: make('p', { class: 'dr-say', role: 'status', 'aria-live': 'polite' }),
  level: make('meter', { class: 'dr-level', min: 0, max: 1, low: 0.25, hidden: '' }),
  video: make('video', { class: 'dr-video', playsinline: '', hidden: '' }),
  buttons: make('div', { class: 'dr-buttons' }),
  list: make('ul', { class: 'dr-steps' }),
};

async function request(path, options = {}) {
  const r = await fetch(base + path, { ...options, headers: { 'X-Deskready': secret, ...options.headers } });
  if (!r.ok) throw new Error(`${path}: ${r.status}`);
  return r.json();
}

async function post(event) {
  const options = { method: 'POST', body: JSON.stringify(event), headers: { 'Content-Type': 'application/json' } };
  try {
    return await request('event', options);
  } catch {
    await facts.sleep(1000); // a computer that wakes up
    return request('event', options);
  }
}

// press shows buttons and waits for one; the first is the one that goes on. Nobody waits longer than the limit. The
// keyboard's place goes to the first, but to none that leaves something out: a key held too long should not.
function press(limit, ...names) {
  return new Promise((done) => {
    const end = (name) => { clearTimeout(timer); clear(); done(name); };
    const timer = setTimeout(end, limit, 'timeout');
    ui.buttons.replaceChildren(...names.map((name) => {
      const b = make('button', { type: 'button', class: `dr-${name}` }, text(name));
      b.onclick = () => end(name);
      return b;
    }));
    if (document.activeElement === ui.lead && !names[0].startsWith('skip')) ui.buttons.firstChild.focus();
  });
}

// clear takes the buttons away, and keeps the keyboard's place in the panel.
function clear() {
  if (ui.buttons.contains(document.activeElement)) ui.lead.focus();
  ui.buttons.replaceChildren();
}

function show(name, state) {
  states[name] = state;
  const row = ui.list.querySelector(`[data-step=${name}]`);
  row.dataset.state = state;
  row.querySelector('.dr-state').textContent = text(`state.${state === 'good' || state === 'doing' ? state : 'other'}`);
  const more = state === 'good' || state === 'doing' ? '' : text(`${name}.${state}`);
  row.querySelector('.dr-more').textContent = more;
  if (more) ui.say.textContent = more;
}

// step runs one, within its limit, and posts how it went.
async function step(name, limit, run) {
  show(name, 'doing');
  ui.say.textContent = text(`doing.${name}`);
  const [from, aborter] = [hides, new AbortController()];
  const timer = setTimeout(() => aborter.abort(new DOMException('', 'TimeoutError')), limit);
  let got = {};
  try {
    const late = new Promise((_, no) => aborter.signal.addEventListener('abort', () => setTimeout(no, 500, aborter.signal.reason)));
    got = await Promise.race([run(aborter), late]);
  } catch (e) {
    got = { error: String(e?.name ?? 'Error').slice(0, 60) };
  }
  clearTimeout(timer);
  got.hidden = document.hidden || hides !== from;
  show(name, (await post({ [name]: got })).state);
}

// instruct says what to do now, in place of what was waited for.
function instruct(key) {
  ui.lead.textContent = text(key);
  ui.say.textContent = '';
}

// skippable lets the person leave a step out while it runs.
async function skippable(name, aborter, run) {
  ui.lead.textContent = text(`allow.${name}`);
  press(human, `skip.${name}`).then((pressed) => pressed !== 'timeout' && aborter.abort('skipped'));
  try {
    const got = await run();
    got.skipped = aborter.signal.reason === 'skipped';
    return got;
  } finally {
    clear();
    ui.lead.textContent = text('running');
  }
}

let given; // the microphone, held until the call has ended: a browser that gave it hides no addresses from the page

const microphone = () => step('microphone', human, (aborter) => skippable('microphone', aborter, async () => {
  media.stop(given);
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const got = await media.capture('microphone', { audio }, aborter.signal);
  given = got.stream;
  got.facts.heard = null;
  if (given) {
    instruct('speak');
    ui.level.hidden = false;
    await media.listen(context, given, got.facts, (v) => { ui.level.value = v; }, aborter.signal);
    ui.level.hidden = true;
  }
  return got.facts;
}));

const camera = () => step('camera', human, (aborter) => skippable('camera', aborter, async () => {
  const got = await media.capture('camera', { video: { width: { ideal: 1280 }, height: { ideal: 720 } } }, aborter.signal);
  Object.assign(got.facts, { width: 0, height: 0, frames: 0, span: 0, seen: null });
  if (got.stream) {
    instruct('look');
    ui.video.hidden = false;
    await media.look(ui.video, got.stream, got.facts, aborter.signal);
    ui.video.hidden = true;
    ui.video.srcObject = null;
    media.stop(got.stream);
  }
  return got.facts;
}));

const run = {
  sound: () => step('sound', 6000, () => facts.sound(context)),
  storage: () => step('storage', 8000, () => facts.storage(request)),
  websocket: () => step('websocket', 6000, () => facts.websocket(base, secret)),
  speed: () => step('speed', 10_000, facts.speed),
  microphone,
  camera,
  call: () => step('call', 20_000, (aborter) => media.call(context, Boolean(given?.active), aborter.signal)),
};

const done = (name) => states[name] === 'good' || states[name] === 'skipped';

// round runs the steps that are not done yet. It begins in the handler of a click: sound and windows need one.
async function round() {
  const again = steps.filter((name) => !done(name));
  context ??= globalThis.AudioContext && new AudioContext();
  context?.resume();
  const opened = again.includes('popup') && facts.popup(base);
  if (opened) await step('popup', 2000, async () => opened);
  await facts.sleep(400); // until that window is gone
  for (const name of again) {
    if (document.hidden) await Promise.race([new Promise((seen) => document.addEventListener('visibilitychange', seen, { once: true })), facts.sleep(5000)]);
    if (name !== 'popup') await run[name]();
  }
  media.stop(given);
}

async function end(why) {
  over = true;
  clearInterval(pulse);
  clear();
  await post({ ended: { why } }).catch(() => {});
  context?.close().catch(() => {});
  root.dispatchEvent(new CustomEvent('panel-ended', { bubbles: true, detail: { why } }));
}

async function main() {
  texts = await request(`texts.json?lang=${encodeURIComponent(lang)}`);
  ui.lead.textContent = text('intro');
  ui.level.setAttribute('aria-label', text('level'));
  ui.video.setAttribute('aria-label', text('preview'));
  ui.video.muted = true;
  root.replaceChildren(ui.lead, ui.video, ui.level, ui.say, ui.buttons, ui.list);
  await post({ page: { error: '', hidden: document.hidden, ...await facts.page() } });
  const pressed = await press(300_000, 'start', 'skip_all');
  if (pressed !== 'start') return end(pressed === 'timeout' ? 'timeout' : 'skipped');
  ui.list.append(...steps.map((name) => make('li', { 'data-step': name },
    make('span', { class: 'dr-name' }, text(`step.${name}`)), ' ', make('span', { class: 'dr-state' }), make('p', { class: 'dr-more' }))));
  ui.lead.focus();
  for (;;) {
    ui.lead.textContent = text('running');
    await round();
    ui.say.textContent = '';
    const all = steps.every(done);
    ui.lead.textContent = text(all ? 'all_good' : 'some_bad');
    if (all || await press(human, 'again', 'go_on') !== 'again') return end('done');
  }
}

document.addEventListener('visibilitychange', () => { if (document.hidden) hides++; });
const pulse = setInterval(() => { if (!over) post({ alive: {} }).catch(() => {}); }, 10_000);
main().catch(() => {
  clearInterval(pulse);
  ui.say.textContent = text('lost');
  root.dataset.lost = ''; // the page around it then shows its own way on
});
