// What a page knows or learns without the person: each function gives the facts of one step.

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// (module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)), and one without SIMD.
const simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const empty = [0, 97, 115, 109, 1, 0, 0, 0];

function wasm() {
  try {
    new WebAssembly.Module(new Uint8Array(empty));
    return WebAssembly.validate(new Uint8Array(simd)) ? 'simd' : 'plain';
  } catch {
    return 'none';
  }
}

function renderer() {
  try {
    const gl = document.createElement('canvas').getContext('webgl');
    const more = gl.getExtension('WEBGL_debug_renderer_info');
    const name = String(gl.getParameter(more ? more.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return name.slice(0, 500) || 'unnamed';
  } catch {
    return '';
  }
}

function codecs() {
  const names = new Set();
  for (const kind of ['audio', 'video']) {
    for (const c of globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs ?? []) {
      names.add(c.mimeType.split('/')[1].toLowerCase());
    }
  }
  return [...names].slice(0, 30);
}

function lacks() {
  const wanted = {
    getusermedia: navigator.mediaDevices?.getUserMedia,
    webrtc: globalThis.RTCPeerConnection,
    websocket: globalThis.WebSocket,
    audiocontext: globalThis.AudioContext,
    indexeddb: globalThis.indexedDB,
  };
  return Object.keys(wanted).filter((name) => !wanted[name]);
}

export async function page() {
  let brands = [];
  try {
    const high = await navigator.userAgentData?.getHighEntropyValues(['fullVersionList']);
    brands = (high?.fullVersionList ?? []).map((b) => ({ name: b.brand.slice(0, 60), version: b.version.slice(0, 60) })).slice(0, 10);
    if (await navigator.brave?.isBrave?.()) brands.push({ name: 'Brave', version: '' });
  } catch { /* the user agent is left */ }
  return {
    agent: navigator.userAgent.slice(0, 500),
    brands,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? '',
    width: Math.round(screen.width),
    height: Math.round(screen.height),
    scale: devicePixelRatio || 1,
    extended: screen.isExtended ?? null,
    automated: navigator.webdriver === true,
    secure: isSecureContext,
    notifications: globalThis.Notification?.permission ?? 'unsupported',
    codecs: codecs(),
    wasm: wasm(),
    renderer: renderer(),
    lacks: lacks(),
  };
}

// popup must run in the handler of a click. The window is shut at once.
export function popup(base) {
  const w = open(base + 'popup', '_blank', 'width=320,height=200');
  const opened = Boolean(w) && !w.closed;
  setTimeout(() => w?.close(), 200);
  return { opened };
}

// outputs counts the sound outputs. Chromium's kin list them, and run the clock of a sound that nobody can hear where
// there are none; others list none until they are asked to, and stop the clock instead.
async function outputs() {
  if (!navigator.userAgentData) return null;
  const list = await navigator.mediaDevices?.enumerateDevices?.();
  return list ? list.filter((d) => d.kind === 'audiooutput').length : null;
}

// sound holds the clock of the sound output against time. The context was made in the handler of a click.
export async function sound(context) {
  await Promise.race([context.resume(), sleep(1500)]);
  const [from, began] = [context.currentTime, performance.now()];
  for (let i = 0; i < 8 && context.currentTime - from < 0.3; i++) await sleep(250);
  const latency = context.outputLatency;
  return {
    advanced: Math.max(context.currentTime - from, 0),
    elapsed: (performance.now() - began) / 1000,
    latency: Number.isFinite(latency) ? latency : null,
    outputs: await outputs(),
  };
}

function local() {
  try {
    localStorage.setItem('deskready_probe', '1');
    const kept = localStorage.getItem('deskready_probe') === '1';
    localStorage.removeItem('deskready_probe');
    return kept;
  } catch {
    return false;
  }
}

function indexed() {
  return new Promise((done) => {
    try {
      const asked = indexedDB.open('deskready_probe', 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore('probe');
      asked.onerror = asked.onblocked = () => done(false);
      asked.onsuccess = () => {
        asked.result.close();
        indexedDB.deleteDatabase('deskready_probe');
        done(true);
      };
    } catch {
      done(false);
    }
  });
}

export async function storage(get) {
  await get('cookie');
  return { local: local(), indexed: await Promise.race([indexed(), sleep(3000).then(() => false)]), cookies: (await get('cookie')).came };
}

// websocket sends a few messages and counts what comes back.
export function websocket(base, secret) {
  return new Promise((done) => {
    let echoes = 0;
    const end = () => done({ echoes });
    const url = new URL(base + 'ws', location.href);
    url.protocol = 'ws:';
    const socket = new WebSocket(url, secret ? ['deskready', secret] : ['deskready']);
    socket.onopen = () => socket.send('echo 0');
    socket.onerror = socket.onclose = end;
    socket.onmessage = (m) => {
      if (m.data === `echo ${echoes}`) echoes++;
      if (echoes === 5) {
        socket.close();
        end();
      } else {
        socket.send(`echo ${echoes}`);
      }
    };
  });
}

// speed counts rounds of a small mixed benchmark, in slices that let the page live, then looks for gaps between frames.
export async function speed() {
  let rounds = 0;
  let spent = 0;
  for (let slice = 0; slice < 5; slice++) {
    const began = performance.now();
    while (performance.now() - began < 80) {
      const list = Array.from({ length: 200 }, (_, i) => ({ k: (i * 7919) % 211, s: `row ${i}` }));
      list.sort((a, b) => a.k - b.k);
      if (JSON.parse(JSON.stringify(list)).length === 200) rounds++;
    }
    spent += performance.now() - began;
    await sleep(10);
  }
  return { rounds, elapsed: spent / 1000, jank: await jank() };
}

async function jank() {
  let [last, worst] = [0, 0];
  const until = performance.now() + 1000;
  while (performance.now() < until) {
    const at = await Promise.race([new Promise(requestAnimationFrame), sleep(1000).then(() => performance.now())]);
    if (last) worst = Math.max(worst, at - last);
    last = at;
  }
  return worst / 1000;
}
