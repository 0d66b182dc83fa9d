// The speaker's window: shows what the stage says over the channel, and sends it what is typed here.
"use strict";

const SILENCE = 3000; // ms; the stage says something each second
const [LARGEST, SMALLEST] = [34, 16]; // px of the notes' text
const LABEL = /^\s*(Do|Say|If it surprises|Minutes)[:.]\s*/;
const BLOCKS = "p, ul, ol, pre, table, h1, h2, h3, h4, h5, h6";
const STAGE_KEYS = /^(.|Arrow.*|Page.*|Home|End|Enter|Escape|Backspace|F9|F10)$/; // not the browser's own

const channel = new BroadcastChannel("stage");
const element = (id) => document.getElementById(id);
const frame = document.querySelector("iframe");
let state = null;
let heard = Date.now(); // when the stage last said something
let pictured = null; // the HTML of the slide in the frame

// --- time ----------------------------------------------------------------------------------------------

function clock(seconds) {
  const [s, m, h] = [seconds % 60, Math.floor(seconds / 60) % 60, Math.floor(seconds / 3600)];
  const two = (number) => String(number).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// Where the talk stands by the minutes in the notes: on time from this slide's beginning to its end.
function pace(elapsed, { planned, slide }) {
  if (elapsed < planned) return { word: "ahead", seconds: planned - elapsed };
  if (elapsed > planned + slide) return { word: "behind", seconds: elapsed - planned - slide };
  return { word: "on time" };
}

function showTime() {
  const now = Date.now();
  element("clock").textContent = new Date(now).toTimeString().slice(0, 5);
  element("silent").textContent = now - heard > SILENCE ? "The stage is silent" : "";
  if (!state) return;
  const { time, talk } = state;
  const elapsed = time.started === null ? 0 : Math.floor((now - time.started) / 1000);
  const left = talk.minutes * 60 - elapsed;
  const { word, seconds } = time.started === null ? { word: "not begun" } : pace(elapsed, time);
  element("elapsed").textContent = clock(elapsed);
  element("left").textContent = left < 0 ? `${clock(-left)} over` : clock(left);
  element("left").classList.toggle("late", left < 0);
  element("pace").textContent = seconds ? `${clock(Math.ceil(seconds))} ${word}` : word;
  element("pace").classList.toggle("late", word === "behind");
}

// --- notes and the next slide --------------------------------------------------------------------------

// The body of HTML that a notebook made, without anything that could act.
function harmless(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  body.querySelectorAll("script, iframe, object, embed, link, meta, base").forEach((found) => found.remove());
  for (const found of body.querySelectorAll("*")) {
    for (const { name, value } of [...found.attributes]) {
      if (/^on/i.test(name) || /^\s*javascript:/i.test(value)) found.removeAttribute(name);
    }
  }
  return body;
}

// Cut the label off the block's text; the label.
function takeLabel(block) {
  const text = document.createTreeWalker(block, NodeFilter.SHOW_TEXT).nextNode();
  const [all, label] = text?.data.match(LABEL) ?? [];
  if (label) text.data = text.data.slice(all.length);
  return label;
}

function section(label) {
  const made = document.createElement("section");
  made.dataset.label = label;
  made.append(Object.assign(document.createElement("h2"), { textContent: label }));
  return made;
}

// One section a label; what stands before the first label is said.
function sections(html) {
  const made = [];
  for (const block of harmless(html).querySelectorAll(BLOCKS)) {
    if (block.parentElement.closest(BLOCKS)) continue;
    const label = takeLabel(block) ?? (made.length ? null : "Say");
    if (label) made.push(section(label));
    made.at(-1).append(block);
  }
  return made;
}

// As large as fits: nobody scrolls while speaking.
function fitNotes() {
  const notes = element("notes");
  let size = LARGEST;
  do {
    notes.style.fontSize = `${size}px`;
  } while (notes.scrollHeight > notes.clientHeight && size-- > SMALLEST);
}

function showNotes() {
  const notes = element("notes");
  if (notes.dataset.html === state.notes) return;
  notes.dataset.html = state.notes;
  notes.replaceChildren(...sections(state.notes));
  fitNotes();
}

function showNext() {
  const slide = frame.contentDocument?.querySelector("section > section");
  if (!slide || !state) return; // the frame, or the stage, is not there yet
  frame.contentDocument.documentElement.dataset.look = state.look ?? "light";
  element("next-title").textContent = state.next?.title ?? "nothing, this is the last slide";
  const html = state.next?.html ?? "";
  if (html === pictured) return;
  pictured = html;
  const body = harmless(html);
  slide.replaceChildren(...(body.querySelector(":scope > section") ?? body).childNodes);
  slide.querySelectorAll(".fragment").forEach((fragment) => fragment.classList.add("visible"));
}

function fitNext() {
  frame.style.scale = element("next").clientWidth / frame.offsetWidth;
}

// --- the channel ---------------------------------------------------------------------------------------

function showState() {
  const { talk, part, slide, kernel, replay } = state;
  document.title = `Speaker – ${talk.title}`;
  element("title").textContent = slide.title;
  element("where").textContent =
    `part ${part.number} of ${part.count}, ${part.title} · slide ${slide.number} of ${slide.count}`;
  element("kernel").textContent = kernel ? `kernel: ${kernel}` : "no kernel";
  element("replay").textContent = replay ? `REPLAY${typeof replay === "string" ? `, ${replay}` : ""}` : "";
  element("left-of").textContent = `Left of ${Number(talk.minutes.toFixed(1))} min`;
  element("slide-time").textContent = clock(Math.round(state.time.slide));
  element("fragments").textContent = slide.fragmentsLeft
    ? `${slide.fragmentsLeft} more ${slide.fragmentsLeft > 1 ? "steps" : "step"} on this slide`
    : "No more steps on this slide";
  showNotes();
  showNext();
}

channel.addEventListener("message", ({ data }) => {
  if (data.type !== "state") return;
  state = data;
  heard = Date.now();
  showState();
  showTime();
});

addEventListener("keydown", (event) => {
  const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
  if (altKey || metaKey || (ctrlKey && key !== "Enter") || !STAGE_KEYS.test(key)) return;
  event.preventDefault();
  channel.postMessage({ type: "key", key, shiftKey, ctrlKey });
});

addEventListener("resize", fitNotes);
new ResizeObserver(fitNext).observe(element("next"));
frame.addEventListener("load", showNext);
setInterval(showTime, 500);
showTime();
channel.postMessage({ type: "hello" });
