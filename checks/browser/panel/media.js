// Microphone, camera and a call: what needs the person, or what they gave. Pictures and sound stay here: numbers leave.

import { sleep } from './facts.js';

// before is the permission as it stands.
async function before(name) {
  try {
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return '';
  }
}

export const stop = (stream) => stream?.getTracks().forEach((t) => t.stop());

// capture asks for a device, and tells why there is none. A stream that comes when the waiting is over is stopped.
export async function capture(kind, constraints, signal) {
  const facts = { before: await before(kind), by_system: false, skipped: false, label: '', muted: false, lost: false };
  try {
    const asked = navigator.mediaDevices.getUserMedia(constraints);
    asked.then((late) => signal.aborted && stop(late), () => {});
    const given = await Promise.race([asked, new Promise((_, no) => { signal.onabort = () => no(signal.reason); })]);
    const track = given.getTracks()[0];
    facts.label = track.label.slice(0, 200);
    return { facts, stream: given, track };
  } catch (e) {
    facts.error = String(e?.name ?? e).slice(0, 60);
    facts.skipped = e === 'skipped';
    if (facts.skipped) facts.error = '';
    facts.by_system = facts.error === 'NotAllowedError' && /by system/i.test(e.message);
    return { facts };
  }
}

// watch keeps what happens to a track from outside.
function watch(track, facts) {
  facts.muted = track.muted;
  track.onmute = () => { facts.muted = true; };
  track.onunmute = () => { facts.muted = false; };
  track.onended = () => { facts.lost = true; };
}

// clock finds a context whose time goes on: without any sound output some browsers' stands still, and slow computers
// take a while to begin.
async function clock(context) {
  const makes = [[() => context, 3000], [() => new AudioContext({ sinkId: { type: 'none' } }), 1000]];
  for (const [make, patience] of makes) {
    try {
      const c = make();
      c.resume();
      const [from, began] = [c.currentTime, performance.now()];
      while (performance.now() - began < patience) {
        await sleep(50);
        if (c.currentTime > from) return c;
      }
    } catch { /* the browser has no such context */ }
  }
  return null;
}

// listen measures what a stream brings: 1.5 s, and up to 8 s as long as nothing is heard. live hears the level, 0 to 1.
export async function listen(context, stream, facts, live, signal) {
  const track = stream.getTracks()[0];
  watch(track, facts);
  facts.heard = null;
  const running = await clock(context);
  if (!running) return;
  const source = running.createMediaStreamSource(stream);
  const ear = running.createAnalyser();
  ear.fftSize = 2048;
  source.connect(ear);
  await sleep(200); // the first blocks are empty
  const [began, powers] = [performance.now(), []];
  let [peak, count, zeros] = [0, 0, 0];
  const samples = new Float32Array(ear.fftSize);
  const loudest = () => Math.sqrt(powers.slice().sort((a, b) => b - a).slice(0, 20).reduce((a, b) => a + b, 0) / Math.min(powers.length, 20));
  for (;;) {
    await sleep(45);
    ear.getFloatTimeDomainData(samples);
    let power = 0;
    for (const s of samples) {
      power += s * s;
      peak = Math.max(peak, Math.abs(s));
      if (s === 0) zeros++;
    }
    count += samples.length;
    powers.push(power / samples.length);
    live(Math.min(1, Math.max(0, 1 + Math.log10(power / samples.length + 1e-9) / 6)));
    const elapsed = performance.now() - began;
    if (facts.lost || signal.aborted || elapsed > 8000 || (elapsed > 1500 && loudest() > 0.003)) break;
  }
  source.disconnect();
  facts.heard = { rms: loudest(), peak, live: 1 - zeros / count };
}

const [W, H] = [160, 120];

// grey takes every so-many-th pixel of the frame as it is: what a camera's noise moves stays moved.
function grey(video, pen) {
  pen.imageSmoothingEnabled = false;
  pen.drawImage(video, 0, 0, W, H);
  const { data } = pen.getImageData(0, 0, W, H);
  const out = new Float32Array(W * H);
  for (let i = 0; i < out.length; i++) out[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  return out;
}

// sharp is the variance of the Laplacian over the middle of the frame, where pixels are next to each other.
function sharp(video, pen) {
  pen.drawImage(video, (video.videoWidth - W) / 2, (video.videoHeight - H) / 2, W, H, 0, 0, W, H);
  const { data } = pen.getImageData(0, 0, W, H);
  const at = (x, y) => data[4 * (y * W + x) + 1];
  let [sum, squares, n] = [0, 0, 0];
  for (let y = 1; y < H - 1; y++) {
    for (let x = 1; x < W - 1; x++, n++) {
      const v = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
      sum += v;
      squares += v * v;
    }
  }
  return squares / n - (sum / n) ** 2;
}

// look measures what the camera shows: frames in 1.5 s, and up to 5 s as long as it is dark or nothing moves.
export async function look(video, stream, facts, signal) {
  watch(stream.getTracks()[0], facts);
  Object.assign(facts, { width: 0, height: 0, frames: 0, span: 0, seen: null });
  video.srcObject = stream;
  await Promise.race([video.play().catch(() => {}), sleep(3000)]);
  await sleep(500); // cameras begin dark
  facts.width = video.videoWidth;
  facts.height = video.videoHeight;
  let [frames, first, last] = [0, 0, 0];
  const frame = (now) => {
    first ||= now;
    last = now;
    frames++;
    if (!signal.aborted && !facts.span) video.requestVideoFrameCallback?.(frame);
  };
  video.requestVideoFrameCallback?.(frame);
  const canvas = Object.assign(document.createElement('canvas'), { width: W, height: H });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const began = performance.now();
  let [old, changed] = [null, 0];
  while (video.videoWidth) {
    const now = grey(video, pen);
    if (old) changed = Math.max(changed, now.reduce((sum, v, i) => sum + Math.abs(v - old[i]), 0) / now.length);
    old = now;
    const sum = now.reduce((a, b) => a + b, 0);
    let [min, max] = [255, 0];
    for (const v of now) [min, max] = [Math.min(min, v), Math.max(max, v)];
    facts.seen = { min, mean: sum / now.length, max, changed, sharp: sharp(video, pen) };
    const elapsed = performance.now() - began;
    const good = changed > 0 && facts.seen.mean > 40;
    if (facts.lost || signal.aborted || elapsed > 5000 || (elapsed > 1500 && good)) break;
    await sleep(120);
  }
  facts.frames = Math.max(frames - 1, 0);
  facts.span = (last - first) / 1000 || (performance.now() - began) / 1000;
}

// call rings the page itself, and sends a tone. A remote stream is silent to Web Audio in Chromium until an <audio>
// element has it.
export async function call(context, granted, signal) {
  const facts = { candidates: 0, granted, connected: false, setup: 0, packets: 0, samples: 0, concealed: 0, tone: false, peak: 0, jitter: null };
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  const audio = new Audio();
  audio.muted = true;
  const tone = context.createOscillator();
  try {
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    const heard = new Promise((done) => { b.ontrack = (e) => done(new MediaStream([e.track])); });
    a.addTrack(out.stream.getTracks()[0], out.stream);
    for (const [from, to] of [[a, b], [b, a]]) {
      from.onicecandidate = (e) => {
        if (!e.candidate) return;
        facts.candidates++;
        to.addIceCandidate(e.candidate).catch(() => {});
      };
    }
    const began = performance.now();
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
    while (b.connectionState !== 'connected' && performance.now() - began < 8000 && !signal.aborted) await sleep(10);
    facts.setup = (performance.now() - began) / 1000;
    facts.connected = b.connectionState === 'connected';
    if (facts.connected) await hear(context, await heard, audio, facts);
    if (facts.connected) await count(b, facts);
  } finally {
    tone.stop();
    audio.srcObject = null;
    a.close();
    b.close();
  }
  return facts;
}

async function hear(context, stream, audio, facts) {
  audio.srcObject = stream;
  audio.play().catch(() => {});
  const ear = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(ear);
  const samples = new Float32Array(ear.fftSize);
  const from = context.currentTime;
  const began = performance.now();
  const spent = () => performance.now() - began;
  while (spent() < 2000 || (facts.peak < 0.05 && spent() < 5000)) { // a slow computer takes a while to begin
    await sleep(50);
    ear.getFloatTimeDomainData(samples);
    for (const s of samples) facts.peak = Math.max(facts.peak, Math.abs(s));
  }
  facts.tone = context.currentTime > from + 0.5;
}

async function count(b, facts) {
  (await b.getStats()).forEach((s) => {
    if (s.type !== 'inbound-rtp' || s.kind !== 'audio') return;
    facts.packets = s.packetsReceived ?? 0;
    facts.samples = s.totalSamplesReceived ?? 0;
    facts.concealed = s.concealedSamples ?? 0;
    facts.jitter = s.jitter ?? null;
  });
}
