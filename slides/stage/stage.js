// The stage: the parts of a talk, one on the screen, and everything that is done by a key.
import { Classic, Lab } from "./engines.js";
import { actionOf, keyTable, nameOf } from "./keys.js";
import { END, fromHere, Part } from "./part.js";

const TOAST = 4000; // ms
const RETRY = 1000; // ms, between looks for a server that has gone
const BROWSER = /^(F5|F11|F12)$/; // without Ctrl, only these stay the browser's
const HARMFUL = /^Ctrl-(Shift-)?[OPS]$/; // with Ctrl, only these do not: open, print and save
const EDITING = /^Ctrl-(Shift-)?([ACVXYZ]|Arrow\w+|Home|End|Backspace|Delete)$/;

const element = (id) => document.getElementById(id);
const sum = (slides) => slides.reduce((total, { minutes }) => total + minutes, 0);

// --- what is kept on the server --------------------------------------------------------------------------

const read = async (name) => (await fetch(`/stage/${name}`)).json();

// Of calls that come while one is under way only the last is made: each replaces those before it.
function lastWins(work) {
  let next = null;
  let busy = null;
  const all = async () => {
    try {
      while (next) {
        const now = next;
        next = null;
        await work(...now);
      }
    } finally {
      busy = null;
    }
  };
  return (...args) => {
    next = args;
    busy ??= all();
    return busy;
  };
}

const writer = (name) => lastWins((content) => fetch(`/stage/${name}`, {
  method: "PUT",
  body: JSON.stringify(content),
  headers: fromHere(),
  keepalive: true, // also while the page is being left
}).catch(() => {})); // the server is gone: the banner says so, and it is written again when it is back

const [talk, settings, kept] = await Promise.all(["talk", "settings", "state"].map(read));
if (!kept.part) sessionStorage.clear(); // a new talk: the results of an earlier one are not its own
const state = { part: talk.parts[0].name, positions: {}, started: null, choices: {}, ...kept };
const writeState = writer("state");
let written = ""; // what was last given to it
const writeSettings = writer("settings");
let settled = Promise.resolve(); // when deck.py can read the settings
const REPLAY = settings.replay || "rhythm";

// --- the parts -------------------------------------------------------------------------------------------

const told = { typed, loaded, changed, prepared, tuned, follow, toast, outputCame };
const Engine = talk.engine === "classic" ? Classic : Lab;
const parts = talk.parts.map((about) => new Part(about, Engine, told));
const byName = (name) => parts.find((part) => part.name === name);
let current = byName(state.part) ?? parts[0];

for (const part of parts) Object.assign(part.position, state.positions[part.name]);

async function show(part, position) {
  current = part;
  if (position) part.go(position);
  for (const { frame } of parts) frame?.classList.remove("shown");
  element("loading").textContent = part.title;
  const opened = part.open();
  part.frame.classList.add("shown");
  changed();
  await opened;
  prepared(part);
  changed();
}

// The slides of a part are there, and about to be seen.
function loaded(part) {
  Slide.look(part.document, settings.look);
  refill(part);
}

// A part has run what runs by itself: if it is on the screen, it is time for the next one.
function prepared(part) {
  if (part === current && part.prepared) neighbour(1)?.open();
}

const neighbour = (distance) => parts[parts.indexOf(current) + distance];

function forward() {
  if (current.forward()) return;
  if (neighbour(1)) show(neighbour(1), { slide: 0, step: -1 });
  else toast("This is the end");
}

function back() {
  if (current.back()) return;
  if (neighbour(-1)) show(neighbour(-1), { slide: neighbour(-1).slides.length - 1, step: END });
}

function toPart(distance) {
  const part = neighbour(distance);
  if (part) show(part, { slide: 0, step: -1 });
  else toast(distance > 0 ? "This is the last part" : "This is the first part");
}

// A link of a slide.
function follow(url) {
  const part = parts.find(({ name }) => url.hash === `#${name}` || url.pathname.endsWith(`/${name}.ipynb`));
  if (part) show(part, { slide: 0, step: -1 });
  else window.open(url, "_blank", "noopener");
}

// The part that the stage's own address asks for, once: a reload stays where the talk is.
function followAddress() {
  const part = byName(location.hash.slice(1));
  history.replaceState(null, "", "/stage"); // without the token, too
  if (part) show(part, { slide: 0, step: -1 });
  return part;
}

// --- questions and controls ------------------------------------------------------------------------------

const choiceName = (part, section) => `${part.name}/${Slide.heading(section)}`;

function choose(letter) {
  Slide.choose(current.sections, current.section, letter);
  state.choices[choiceName(current, current.section)] = letter;
}

// Show what has been chosen in a part, also where a run has just shown its result.
function refill(part) {
  for (const section of part.sections) {
    const letter = state.choices[choiceName(part, section)];
    if (letter) Slide.choose(part.sections, section, letter);
  }
}

function outputCame(part) {
  refill(part);
  changed();
}

const retune = lastWins(async (part, { dataset }, values) => {
  await settled;
  const call = `deck.retune(${JSON.stringify(dataset.demo)}, ${JSON.stringify(values)})`;
  const ask = async () => (await part.execute(`import deck; ${call}`)).content.status;
  if (!part.restored && await ask() === "ok") return;
  await part.run(true); // a kernel that has not run the cell knows nothing of its controls
  if (await ask() !== "ok") toast("The controls do not answer: Shift-Enter runs the cell again");
});

function tuned(part) {
  const form = Slide.controls(part.section);
  if (!form) return;
  part.section.querySelector(".result")?.classList.add("stale");
  retune(part, form, Slide.values(form)).catch(({ message }) => toast(message));
}

// --- keys ------------------------------------------------------------------------------------------------

const NEEDS_SLIDES = /^(forward|back|first|last|run|runAgain|interrupt|restart|replayDemo|unfold)$/;

const ACTIONS = {
  forward,
  back,
  first: () => current.go({ slide: 0, step: -1 }),
  last: () => current.go({ slide: current.slides.length - 1, step: -1 }),
  nextPart: () => toPart(1),
  previousPart: () => toPart(-1),
  map: () => openMap(),
  run: () => run(false),
  runAgain: () => run(true),
  interrupt: () => current.interrupt(),
  restart: () => current.restart(),
  replay: toggleReplay,
  replayDemo: toggleReplayOfDemo,
  unfold: () => Slide.unfold(current.section) || toast("Nothing to unfold on this slide"),
  speaker: () => window.open("/stage/speaker", "speaker", "popup, width=1100, height=700"),
  look: () => change({ look: settings.look === "dark" ? "light" : "dark" }),
  fullScreen,
  blank: () => (element("blank").hidden = false),
  help: () => element("help").showModal(),
  emergency: openEmergency,
  close: () => {},
};

async function run(stay) {
  await settled; // a switch to replay pressed just before counts
  await current.run(stay);
}

// A key, typed in the stage's own document or in the frame of a part.
function typed(event, part) {
  const name = nameOf(event);
  if (part?.inEditor(event.target)) return typedInEditor(event, name);
  const theBrowsers = name.startsWith("Ctrl-") ? !actionOf(name) && !HARMFUL.test(name) : BROWSER.test(name);
  if (name && !theBrowsers) event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat || /^(forward|back)$/.test(actionOf(name))) press(name, event.key);
}

function typedInEditor(event, name) {
  const action = actionOf(name);
  if (/^(run|runAgain|interrupt|restart)$/.test(action) && name.length > 1) press(name, event.key);
  else if (action === "close") current.leaveEditor();
  else if (name && !/^(Ctrl-|F\d)/.test(name) || EDITING.test(name)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

// What a key does now, wherever it was typed.
function press(name, key) {
  const dialog = document.querySelector("dialog[open]");
  const action = actionOf(name);
  if (dialog) return pressInDialog(dialog, name, action);
  if (element("emergency")) return pressInEmergency(action);
  const uncovered = !element("blank").hidden;
  element("blank").hidden = true;
  if (uncovered && /^(blank|close)$/.test(action)) return;
  if (chosen(name) || controlled(key)) return changed();
  if (!action) return notControlled(key);
  if (!current.section && NEEDS_SLIDES.test(action)) return toast("The slides are still loading");
  if (/^(forward|back|run|nextPart)$/.test(action)) state.started ??= Date.now();
  Promise.resolve(ACTIONS[action]()).catch(({ message }) => toast(message));
  changed();
}

// Whether the key has chosen an option of the slide's question.
function chosen(name) {
  const options = current.section ? Slide.question(current.section) : [];
  if (!options.some(({ letter }) => letter === name)) return false;
  choose(name);
  return true;
}

// Whether the key has changed a control of the slide.
function controlled(key) {
  const form = current.section && Slide.controls(current.section);
  return Boolean(form && Slide.key(form, key));
}

// Say why a key that belongs to a control has changed nothing.
function notControlled(key) {
  const option = Slide.optionOf(key);
  const form = current.section && Slide.controls(current.section);
  const choices = form && option ? Slide.radios(form, option).map(({ value }) => value) : [];
  if (choices.length) toast(`${option}: ${choices.join(" or ")}`);
  else if (option) toast(form ? `No control for ${option} on this slide` : "No controls on this slide");
}

// --- live and replayed, the look, the screen -------------------------------------------------------------

function change(some) {
  Object.assign(settings, some);
  settled = writeSettings(settings);
  look();
  changed();
}

function toggleReplay() {
  change({ replay: settings.replay ? "" : REPLAY });
  toast(settings.replay ? "From now on every run is replayed" : "From now on every run is live");
}

function toggleReplayOfDemo() {
  const { demo } = current;
  if (!demo) return toast("No demo runs on this slide");
  const others = settings.replayed.filter((name) => name !== demo);
  const replayed = others.length === settings.replayed.length;
  change({ replayed: replayed ? [...others, demo] : others });
  toast(`${demo} is ${replayed ? "replayed" : "live"} from now on`);
}

function look() {
  const pages = [document, ...parts.map((part) => part.document)];
  for (const page of pages) if (page) Slide.look(page, settings.look);
}

function fullScreen() {
  if (document.fullscreenElement) return document.exitFullscreen();
  return document.documentElement.requestFullscreen();
}

let toastTimer;
function toast(words) {
  element("toast").textContent = words;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (element("toast").textContent = ""), TOAST);
}

// --- the map and the help --------------------------------------------------------------------------------

element("help").append(keyTable());

function openMap() {
  const map = element("map");
  const entry = (words, chosen, go) => {
    const button = Object.assign(document.createElement("button"), { textContent: words, autofocus: chosen });
    button.classList.toggle("current", chosen);
    button.addEventListener("click", () => (map.close(), go(), changed()));
    return button;
  };
  const time = ({ slides }) => `${Math.round(sum(slides))} min`;
  const column = (...entries) => {
    const made = document.createElement("div");
    made.append(...entries);
    return made;
  };
  map.replaceChildren(
    column(...parts.map((part) => {
      const button = entry(part.title, part === current, () => show(part, { slide: 0, step: -1 }));
      button.append(Object.assign(document.createElement("small"), { textContent: time(part) }));
      return button;
    })),
    column(...current.slides.map(({ title }, slide) =>
      entry(title, slide === current.position.slide, () => current.go({ slide, step: -1 })))),
  );
  map.showModal();
}

function pressInDialog(dialog, name, action) {
  const focused = document.activeElement.closest("dialog button");
  const column = focused?.parentElement;
  const go = (target) => target?.focus();
  if (action === "close" || action === dialog.id) dialog.close();
  else if (name === "Enter") focused?.click();
  else if (name === "ArrowDown") go(focused?.nextElementSibling);
  else if (name === "ArrowUp") go(focused?.previousElementSibling);
  else if (name === "ArrowRight") go(column?.nextElementSibling?.querySelector(".current"));
  else if (name === "ArrowLeft") go(column?.previousElementSibling?.querySelector(".current"));
}

// --- when all else fails ---------------------------------------------------------------------------------

const rescue = talk.emergency && (await fetch("/stage/emergency").then((answer) => answer.blob()));

function openEmergency() {
  if (!rescue) return toast("There is no emergency deck: make slides makes it");
  const { slide, step } = current.position;
  const deck = Object.assign(document.createElement("iframe"), {
    id: "emergency",
    title: "The emergency deck",
    src: `${URL.createObjectURL(rescue)}#/${current.name}-${slide + 1}/${step}`,
  });
  for (const [name, value] of Object.entries({ look: settings.look, choices: state.choices })) {
    sessionStorage.setItem(name, JSON.stringify(value)); // export.js remembers them there
  }
  deck.addEventListener("load", () => {
    deck.contentWindow.addEventListener("keydown", (event) => {
      if (/^(close|emergency)$/.test(actionOf(nameOf(event)))) typed(event);
    }, true);
    deck.contentWindow.focus();
  });
  document.body.append(deck);
}

function pressInEmergency(action) {
  const deck = element("emergency");
  if (!/^(close|emergency)$/.test(action)) return deck.contentWindow.focus();
  followEmergency(deck.contentWindow.Reveal);
  URL.revokeObjectURL(deck.src);
  deck.remove();
}

// Go where the emergency deck is, unless it shows a slide that the stage lacks, or cannot load.
function followEmergency(Reveal) {
  const [, name, number] = Reveal?.getCurrentSlide()?.id.match(/^(.+)-(\d+)$/) ?? [];
  const part = byName(name);
  const reachable = part?.sections.length || element("gone").hidden;
  if (part && reachable) show(part, { slide: number - 1, step: Reveal.getIndices().f ?? -1 });
}

// Follow whether the server is there.
function watchServer() {
  const server = new WebSocket("/stage/alive");
  server.addEventListener("open", () => {
    if (!element("gone").hidden) writeState(state);
    element("gone").hidden = true;
  });
  server.addEventListener("close", () => {
    element("gone").hidden = false;
    setTimeout(watchServer, RETRY);
  });
}

// --- what others see of it -------------------------------------------------------------------------------

const channel = new BroadcastChannel("stage");
let listened = false; // whether a speaker's window has asked

// Keep where the talk is.
function keep() {
  const now = JSON.stringify(state);
  if (now !== written) writeState(state);
  written = now;
}

// Something on the stage has changed: keep it, show it, tell it.
function changed() {
  const { slide, step } = current.position;
  state.part = current.name;
  state.positions[current.name] = { slide, step };
  keep();
  const all = parts.flatMap(({ slides }) => slides);
  const before = parts.slice(0, parts.indexOf(current)).flatMap(({ slides }) => slides).length;
  element("progress").style.width = `${(100 * (before + slide + 1)) / all.length}%`;
  element("replay").textContent = settings.replay && "REPLAY";
  const kernel = current.status;
  Object.assign(element("kernel"), { className: kernel, title: `kernel: ${kernel}` });
  document.title = `${current.slides[slide]?.title} – ${talk.title}`;
  publish();
}

function publish() {
  if (!listened || !current.section) return;
  const { slide } = current.position;
  const own = current.slides;
  const earlier = parts.slice(0, parts.indexOf(current)).flatMap(({ slides }) => slides);
  const following = slide + 1 < own.length ? [current, slide + 1] : [neighbour(1), 0];
  channel.postMessage({
    type: "state",
    talk: { title: talk.title, minutes: talk.minutes },
    part: {
      name: current.name,
      title: current.title,
      number: parts.indexOf(current) + 1,
      count: parts.length,
    },
    slide: {
      number: slide + 1,
      count: own.length,
      title: Slide.heading(current.section),
      fragmentsLeft: current.stepsLeft,
    },
    notes: current.notes,
    next: following[0]
      ? { title: following[0].slides[following[1]].title, html: following[0].picture(following[1]) }
      : null,
    time: {
      started: state.started,
      now: Date.now(),
      planned: 60 * (sum(earlier) + sum(own.slice(0, slide))),
      slide: 60 * own[slide].minutes,
      total: 60 * sum(parts.flatMap(({ slides }) => slides)),
    },
    kernel: current.status,
    replay: settings.replay,
    look: settings.look,
  });
}

channel.addEventListener("message", ({ data }) => {
  if (data.type === "hello") listened = true;
  if (data.type === "key") press(nameOf(data), data.key);
  publish();
});

addEventListener("keydown", (event) => typed(event), true);
addEventListener("hashchange", followAddress);
setInterval(publish, 1000);
watchServer();
if (!followAddress()) show(current);
