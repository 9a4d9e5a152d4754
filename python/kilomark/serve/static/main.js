// The page: sources, pictures, controls. viewer.py and commands.py hold the texts of both sides.

import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { $, cameraIcon, choice, dot } from "./elements.js";
import { LABELS, PARTS, partOf, readLook, writeLook } from "./look.js";
import { Numbers } from "./numbers.js";
import { drawFaces } from "./overlay.js";
import { parsePicture, VISITOR_NUMBER } from "./protocol.js";

const VISITOR = "visitor", SMOOTHINGS = [1, 2, 0], SETTLING_MS = 1000;
const SETS = [[], ["eye", "iris", "pupil"], ["brow"], ["nose_ridge", "nose_wings"], ["outer_lips", "inner_lips"], ["face_oval"]]; // [] is all

const connection = new Connection();
const camera = new Camera(connection);
const look = readLook();
const numbers = new Numbers();
let source = null; // the id of the shown one
let state = null; // what the server says of it
let hello = null;
let groups = [];
let shown = null; // the message and picture on the screen
let isPaused = false;
let set = 0;
let smoothedAt = -Infinity; // when this page changed the smoothing

// ---- pictures

connection.addEventListener("picture", async ({ detail: buffer }) => {
  try {
    const message = parsePicture(buffer);
    const flight = message.source === VISITOR_NUMBER ? camera.take(message.number) : null;
    const picture = message.jpeg ? await createImageBitmap(message.jpeg) : flight?.picture;
    const from = message.source === VISITOR_NUMBER ? VISITOR : `${message.source}`;
    // pictures of the source before may still be on their way
    if (picture && from === source && !isPaused) show(message, picture, flight);
    else picture?.close();
  } catch (error) {
    say(`The server's message cannot be read: ${error.message}. Load the page again.`, true);
  } finally {
    connection.send({ type: "ack" });
  }
});

function show(message, picture, flight) {
  shown?.picture.close();
  shown = { message, picture };
  const canvas = $("picture");
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    [canvas.width, canvas.height] = [picture.width, picture.height];
    $("stage").style.setProperty("--ratio", `${message.width} / ${message.height}`);
  }
  if (look.picture) canvas.getContext("2d").drawImage(picture, 0, 0);
  drawOverlay();
  canvas.dataset.number = message.number;
  say(null);
  numbers.count(message, flight ? performance.now() - flight.capturedAt : connection.since(message.readAt));
}

function drawOverlay() {
  const stage = $("stage"), canvas = $("overlay");
  const picture = $("picture");
  const fit = Math.min(stage.clientWidth / picture.width, stage.clientHeight / picture.height) * devicePixelRatio;
  const [width, height] = [Math.round(fit * picture.width), Math.round(fit * picture.height)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const hidden = new Set(look.hidden);
  const chosen = new Set(groups.map((group) => group.part).filter((part) => !hidden.has(part)));
  drawFaces(canvas, shown?.message, groups, { ...look, mirror: isMirrored(), groups: chosen });
}

function redraw() {
  const canvas = $("picture");
  $("stage").classList.toggle("mirrored", isMirrored());
  $("mirror").setAttribute("aria-pressed", isMirrored());
  if (shown && look.picture) canvas.getContext("2d").drawImage(shown.picture, 0, 0);
  else canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  drawOverlay();
}

// A mirror is what people expect of their own camera.
const isMirrored = () => look.mirror ?? source === VISITOR;

setInterval(() => isPaused || numbers.show(), 400);

// ---- what the server says

connection.addEventListener("state", ({ detail }) => {
  $("connection").dataset.state = detail;
  $("connection").textContent = detail === "live" ? "live" : "reconnecting";
  if (detail === "lost") say("The connection to the server is lost. Trying again.", true);
});

connection.addEventListener("hello", ({ detail }) => {
  hello = detail;
  const sources = [...hello.sources];
  if (hello.visitor) sources.push({ id: VISITOR, name: "your camera" });
  $("sources").replaceChildren($("sources").firstElementChild, ...sources.map(({ id, name }) => radio("source", id, name, id === VISITOR ? cameraIcon() : null)));
  $("models").replaceChildren(...hello.models.map((name) => radio("model", name, name)));
  const wanted = sources.some(({ id }) => id === source) ? source : sources[0]?.id;
  source = null;
  if (wanted !== undefined) watch(wanted);
  else say("This server has no source.", true);
});

connection.addEventListener("source", ({ detail }) => {
  if (detail.id !== source) return;
  state = detail;
  groups = detail.groups.map((group) => ({ ...group, part: partOf(group.name) }));
  check("model", detail.model);
  $("models").classList.toggle("loading", detail.is_loading);
  showSmoothing();
  showGroups();
  if (detail.trouble) say(detail.trouble, true);
  else if (detail.is_ended) say("The video has ended.");
  else if (detail.is_loading) say(`Loading ${detail.model}`);
  else if (!shown) say("Waiting for the first picture");
  else say(null);
});

connection.addEventListener("error", ({ detail }) => {
  if (detail.of === "watch") camera.stop();
  else if (detail.of === "frame") camera.refused();
  say(detail.message, true);
});

function say(text, isBad = false) {
  const notice = $("notice");
  if ((notice.hidden ? null : notice.textContent) === text) return;
  notice.hidden = text === null;
  notice.textContent = text ?? "";
  notice.classList.toggle("bad", isBad);
}

// ---- controls

async function watch(id) {
  camera.stop();
  if (id !== source) forget();
  source = id;
  state = null;
  check("source", id);
  $("shared-hint").hidden = id === VISITOR;
  connection.send({ type: "watch", source: id });
  redraw();
  if (id !== VISITOR) return;
  say("Waiting for your camera");
  try {
    await camera.start();
    if (source !== VISITOR) camera.stop();
  } catch (error) {
    if (source === VISITOR) say(error.message, true);
  }
}

function forget() {
  shown?.picture.close();
  shown = null;
  numbers.clear();
}

const radio = (name, value, text, icon) => choice({ type: "radio", name, value }, text, icon);

function check(name, value) {
  for (const input of document.querySelectorAll(`input[name="${name}"]`)) input.checked = input.value === value;
}

function showGroups() {
  const parts = [...new Set(groups.map((group) => group.part))].sort((a, b) => PARTS.indexOf(a) - PARTS.indexOf(b));
  const box = $("groups");
  if (box.dataset.parts === parts.join()) return;
  box.dataset.parts = parts.join();
  box.parentElement.hidden = !parts.length;
  box.replaceChildren(...parts.map((part) => {
    const { color } = groups.find((group) => group.part === part);
    return choice({ type: "checkbox", value: part, checked: !look.hidden.includes(part) }, LABELS[part] ?? part, dot(color));
  }));
}

function keep(changes) {
  Object.assign(look, changes);
  writeLook(look);
  redraw();
}

// The server's answers to earlier changes must not move the slider back while it is being moved.
function showSmoothing() {
  if (!state || performance.now() - smoothedAt < SETTLING_MS) return;
  $("smoothing").value = $("smoothing-value").textContent = state.smoothing;
}

function setSmoothing(value) {
  smoothedAt = performance.now();
  setTimeout(showSmoothing, SETTLING_MS + 10);
  $("smoothing").value = $("smoothing-value").textContent = value;
  connection.send({ type: "change", smoothing: Number(value) });
}

function pause() {
  isPaused = !isPaused;
  $("pause").setAttribute("aria-pressed", isPaused);
}

function snapshot() {
  if (!shown) return;
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  [canvas.width, canvas.height] = [shown.message.width, shown.message.height];
  context.save();
  if (isMirrored()) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
  if (look.picture) context.drawImage(shown.picture, 0, 0, canvas.width, canvas.height);
  context.restore();
  context.drawImage($("overlay"), 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `kilomark-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("stage").requestFullscreen?.();
}

const inputs = (name) => [...document.querySelectorAll(`input[name="${name}"]`)];

const keys = {
  " ": pause,
  f: () => keep({ mirror: !isMirrored() }),
  g: () => {
    set = (set + 1) % SETS.length;
    const hidden = SETS[set].length ? groups.map((group) => group.part).filter((part) => !SETS[set].includes(part)) : [];
    keep({ hidden: [...new Set(hidden)] });
    for (const input of $("groups").querySelectorAll("input")) input.checked = !look.hidden.includes(input.value);
  },
  h: () => $("keys").showModal(),
  m: () => {
    const models = inputs("model"), now = models.findIndex((input) => input.checked);
    if (models.length) models[(now + 1) % models.length].click();
  },
  p: snapshot,
  s: () => setSmoothing(SMOOTHINGS[(SMOOTHINGS.indexOf(Number($("smoothing").value)) + 1) % SMOOTHINGS.length]),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("keys").open) return;
  const isOwn = event.target.closest("button, input[type=checkbox], input[type=radio]");
  if (event.key === " " && isOwn) return; // space presses what has the focus
  const key = event.key.toLowerCase();
  if (keys[key]) {
    event.preventDefault();
    keys[key]();
  } else if (/^[1-9]$/.test(key)) inputs("source")[key - 1]?.click();
});

$("sources").addEventListener("change", ({ target }) => watch(target.value));
$("models").addEventListener("change", ({ target }) => connection.send({ type: "change", model: target.value }));
$("smoothing").addEventListener("input", ({ target }) => setSmoothing(target.value));
$("groups").addEventListener("change", ({ target }) => {
  keep({ hidden: target.checked ? look.hidden.filter((part) => part !== target.value) : [...look.hidden, target.value] });
});
for (const layer of ["lines", "points", "ids", "boxes", "axes", "picture"]) {
  $(`show-${layer}`).checked = look[layer];
  $(`show-${layer}`).addEventListener("change", ({ target }) => keep({ [layer]: target.checked }));
}
$("pause").addEventListener("click", pause);
$("mirror").addEventListener("click", keys.f);
$("snapshot").addEventListener("click", snapshot);
$("fullscreen").addEventListener("click", fullscreen);
$("fullscreen").hidden = !document.fullscreenEnabled;
$("help").addEventListener("click", keys.h);
new ResizeObserver(drawOverlay).observe($("stage"));

say("Connecting");
connection.open();
