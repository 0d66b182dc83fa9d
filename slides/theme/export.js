// How an exported page is read: the keys, the map, the look; what a question and a demo's controls do.

// A phone held upright gets a slide of its own shape, on which text stays readable.
const upright = matchMedia("(max-width: 600px) and (orientation: portrait)");
const printing = /print-pdf/.test(location.search);
const size = () =>
  upright.matches && !printing ? { width: 600, height: 1067 } : { width: 1280, height: 720 };

const previewed = /receiver/.test(location.search); // by the speaker view, in two frames
const fromSpeakerView = (event) => !(event instanceof Event); // it sends the bare code of a key
const MOVES = [32, 33, 34, 35, 36, 37, 38, 39, 40]; // Space, Page, End, Home and arrows

const slides = Slide.all(document);
const partOf = (slide) => slide.dataset.part;
const current = () => Reveal.getCurrentSlide();
const ofThisPart = () => slides.filter((slide) => partOf(slide) === partOf(current()));

// --- what is remembered, for all pages of the talk, while the tab is open --------------------------------

function remembered(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null; // some browsers keep nothing for files
  }
}

function remember(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // then it holds as long as the page is open
  }
}

// --- moving ----------------------------------------------------------------------------------------------

function show(slide) {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
}

// Open the page of a neighbouring part, where the parts are pages.
function follow(neighbour, slide = "") {
  const link = document.querySelector(`nav [rel=${neighbour}]`);
  if (link && !previewed) location.href = link.href + slide;
}

function next() {
  if (Reveal.isLastSlide() && !Reveal.availableFragments().next) follow("next");
  else Reveal.next();
}

function previous() {
  if (Reveal.isFirstSlide() && !Reveal.availableFragments().prev) follow("prev", "#/measured");
  else Reveal.prev();
}

function nextPart() {
  const first = slides.slice(slides.indexOf(ofThisPart().at(-1)) + 1)[0];
  if (first) show(first);
  else follow("next");
}

function previousPart() {
  const last = slides[slides.indexOf(ofThisPart()[0]) - 1];
  if (last) show(slides.find((slide) => partOf(slide) === partOf(last)));
  else follow("prev");
}

// --- the map and the keys --------------------------------------------------------------------------------

const dialogs = [...document.querySelectorAll("dialog")];

function toggle(id) {
  for (const dialog of dialogs) {
    if (dialog.id !== id || dialog.open) {
      dialog.close();
      continue;
    }
    if (id === "map") fillMap();
    dialog.showModal();
    dialog.querySelector(".slides-of-part [aria-current]")?.focus();
  }
}

function fillMap() {
  const lines = ofThisPart().map((slide) => {
    const line = document.createElement("li"), link = document.createElement("a");
    link.href = `#/${slide.id}`;
    link.textContent = Slide.heading(slide);
    if (slide === current()) link.ariaCurrent = "true";
    line.append(link);
    return line;
  });
  document.querySelector("#map .slides-of-part").replaceChildren(...lines);
  for (const link of document.querySelectorAll("#map .parts a")) {
    link.ariaCurrent = link.dataset.part === partOf(current()) ? "true" : null;
  }
}

// Arrows go from link to link.
function moveInDialog(dialog, key) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key];
  const links = [...dialog.querySelectorAll("a")];
  if (!step || !links.length) return false;
  links.at((links.indexOf(document.activeElement) + step) % links.length).focus();
  return true;
}

// --- the look, questions, controls -----------------------------------------------------------------------

let look = remembered("look"); // null: as the system has it
if (look) Slide.look(document, look);

function switchLook() {
  const dark = look ? look === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  look = dark ? "light" : "dark";
  remember("look", look);
  Slide.look(document, look);
}

const choices = remembered("choices") ?? {};
const questionName = (slide) => `${partOf(slide)}/${Slide.heading(slide)}`;
for (const slide of slides) Slide.choose(slides, slide, choices[questionName(slide)]);

function answer(slide, letter) {
  choices[questionName(slide)] = letter;
  remember("choices", choices);
  Slide.choose(slides, slide, letter);
}

document.addEventListener("click", (event) => {
  const option = Slide.question(current()).find(({ row }) => row.contains(event.target));
  if (option) answer(current(), option.letter);
  const button = event.target.closest("[data-opens]");
  if (button) toggle(button.dataset.opens);
  if (event.target.closest("dialog a")) dialogs.forEach((dialog) => dialog.close());
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("form.tune");
  if (form) Slide.switchTo(form);
});
document.addEventListener("submit", (event) => event.preventDefault()); // Enter in a control

// --- keys ------------------------------------------------------------------------------------------------

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

const ACTIONS = {
  ArrowRight: next, ArrowDown: next, PageDown: next, " ": next,
  ArrowLeft: previous, ArrowUp: previous, PageUp: previous, Backspace: previous, "Shift ": previous,
  Home: () => show(ofThisPart()[0]),
  End: () => show(ofThisPart().at(-1)),
  n: nextPart, p: previousPart,
  m: () => toggle("map"), "?": () => toggle("help"), h: () => toggle("help"),
  s: () => Reveal.getPlugin("notes").open(),
  l: switchLook, f: fullScreen, Enter: () => Slide.unfold(current()),
  ".": () => Reveal.togglePause(), b: () => Reveal.togglePause(),
};

// What has the focus understands some keys by itself.
const OWN_KEYS = {
  input: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", " "],
  "a, button, summary": ["Enter", " "],
  pre: ["ArrowUp", "ArrowDown"],
};

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const name = event.key.length > 1 ? event.key : event.key.toLowerCase();
  const dialog = dialogs.find(({ open }) => open);
  if (dialog ? inDialog(dialog, name) : onSlide(event, name)) event.preventDefault();
}

// Each says whether the key did something.

function inDialog(dialog, name) {
  if (["m", "?", "h"].includes(name)) ACTIONS[name]();
  else return moveInDialog(dialog, name);
  return true;
}

function onSlide(event, name) {
  const action = ACTIONS[event.shiftKey && name === " " ? "Shift " : name];
  const slide = current(), form = Slide.controls(slide), letter = name.toUpperCase();
  const focused = Object.keys(OWN_KEYS).find((kind) => event.target.matches(kind));
  if (OWN_KEYS[focused]?.includes(name)) return false;
  if (form && Slide.key(form, event.key)) return true;
  if (Reveal.isPaused() && action) Reveal.togglePause(); // nobody shall look for the key that ends it
  else if (Slide.question(slide).some((option) => option.letter === letter)) answer(slide, letter);
  else if (action) action();
  else return false;
  return true;
}

// Capture: reveal.js's own keys are not these.
window.addEventListener("keydown", pressed, { capture: true });

// As on the stage: within its part. The last slide, about the machine, is only here.
function slideNumber(slide = slides[0]) { // reveal.js asks before it shows any
  const own = slides.filter((other) => partOf(other) === partOf(slide) && other.id !== "measured");
  const number = own.indexOf(slide) + 1;
  return number ? [number, "/", own.length] : ["–"];
}

// reveal.js would number the sheets of paper.
Reveal.on("pdf-ready", () => {
  for (const sheet of document.querySelectorAll(".pdf-page")) {
    const number = slideNumber(sheet.querySelector("section"));
    sheet.querySelector(".slide-number-pdf").textContent = number.join(" ");
  }
});

// --- reveal.js -------------------------------------------------------------------------------------------

// What scrolls must have the focus to be scrolled by keys; what does not is no stop for Tab.
function letScroll() {
  for (const box of current().querySelectorAll("pre")) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    box.dataset.preventSwipe = ""; // a finger scrolls it, too
  }
}
document.addEventListener("toggle", letScroll, { capture: true }); // of the lines that a demo printed

Reveal.on("slidechanged", letScroll);
Reveal.initialize({
  ...size(),
  margin: 0,
  center: false,
  controlsTutorial: false,
  defaultTiming: 0, // the speaker view shows the time left for a slide, by its data-timing
  display: "flex",
  hash: true,
  keyboardCondition: (event) => fromSpeakerView(event) && MOVES.includes(event.keyCode),
  navigationMode: "linear", // a step visits every slide, also those stacked below another
  overview: false, // there is the map
  pdfSeparateFragments: false,
  scrollActivationWidth: null,
  slideNumber,
  transition: "none",
  plugins: [RevealNotes],
}).then(() => {
  // reveal.js calls the deck an application, which keeps screen readers from reading it (reveal.js#3772).
  document.querySelector(".reveal").removeAttribute("role");
  upright.addEventListener("change", () => Reveal.configure(size()));
  letScroll();
});
