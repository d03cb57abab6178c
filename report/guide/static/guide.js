// The guide works without this script. With it, the page follows the run by itself, and what is new is said aloud.
const { base, turn, page, notes } = document.body.dataset;
const lang = document.documentElement.lang;
const lost = document.getElementById("lost");

// Whoever cannot see the page hears where it went: at a mistake, or at the heading of the new step.
const heard = document.getElementById("problem") ?? document.querySelector("#main h1");
heard?.setAttribute("tabindex", "-1"); // the heading of a result comes without
heard?.focus({ preventScroll: true });

// A step is answered once, however often the button is pressed.
for (const form of document.forms) {
  form.addEventListener("submit", (e) => {
    if (form.dataset.sent) e.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
}
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

// On paper nothing can be unfolded.
addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll(".report details")) fold.open = true; });

const select = document.getElementById("lang");
if (select) {
  select.form.querySelector("button").hidden = true;
  let chosen = select.value, byKey = false;
  const change = () => { if (select.value !== chosen) { chosen = select.value; select.form.requestSubmit(); } };
  // Arrow keys walk through the list: only Enter or leaving it chooses.
  select.addEventListener("keydown", (e) => { byKey = e.key !== "Enter"; if (e.key === "Enter") change(); });
  select.addEventListener("pointerdown", () => { byKey = false; });
  select.addEventListener("change", () => { if (!byKey) change(); });
  select.addEventListener("blur", change);
}

const panel = document.getElementById("panel");
panel?.addEventListener("panel-ended", () => {
  const form = document.getElementById("panel-form");
  const end = Object.assign(document.createElement("button"), { name: "do", value: "ended", hidden: true });
  form.append(end);
  form.requestSubmit(end);
}, { once: true });

function text(row, field, value) {
  const at = row.querySelector(`[data-field=${field}]`);
  if (at.textContent !== value) at.textContent = value;
}

function draw(moment) {
  document.getElementById("left").textContent = moment.left;
  document.getElementById("share").value = moment.share;
  const status = document.getElementById("status");
  if (status.textContent !== moment.status) status.textContent = moment.status;
  for (const action of moment.rows ?? []) {
    const row = document.querySelector(`[data-check="${CSS.escape(action.check)}"]`);
    if (!row) continue;
    row.className = `row ${action.state}`;
    text(row, "word", action.word);
    text(row, "step", action.step);
    text(row, "figure", action.figure);
    row.querySelector(".part").value = action.share;
    const level = row.querySelector(".level");
    level.hidden = action.level < 0;
    level.value = Math.max(0, action.level);
  }
}

function listen() {
  const source = new EventSource(`${base}events`);
  source.onmessage = (e) => {
    lost.hidden = true;
    const moment = JSON.parse(e.data);
    if (String(moment.turn) !== turn || moment.lang !== lang) {
      source.close();
      location.replace(base);
    } else if (page === "running") {
      if (String(moment.notes) !== notes) location.replace(base);
      else draw(moment);
    }
  };
  source.addEventListener("over", () => { source.close(); location.replace(base); });
  // The browser tries again by itself. Where it was refused, or the program has gone, the person is told.
  source.onerror = () => {
    setTimeout(() => { if (source.readyState !== EventSource.OPEN) lost.hidden = false; }, 5000);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}
if (base && page !== "closed") listen();
