// A part of the talk: a notebook that an engine shows in a frame of the stage's page.
import { KernelGone } from "./engines.js";

const EDITOR = ".cm-editor, .CodeMirror, textarea, select, [contenteditable=true]";
const NOTES = "aside.notes :is(.jp-RenderedMarkdown, .text_cell_render)";
const EXECUTIONS = 3; // at most, of one silent code: while a kernel starts it may go once more
const LOOK = 50; // ms, between looks for a kernel
export const END = 999; // as a step: after the last one

// The headers of a request that changes something: only the stage's own page can read the cookie.
export const fromHere = () => ({ "X-XSRFToken": document.cookie.match(/\b_xsrf=([^;]*)/)[1] });

export class Part {
  sections = []; // of its slides; empty until they are there
  prepared = false; // whether its cells that run at once have run
  position = { slide: 0, step: -1 };
  #about;
  #Engine;
  #stage;
  #opened = null;
  #moving = false;
  #waiting = []; // functions to call when the kernel is usable
  #running = new Set(); // of cells' nodes, as are the following
  #ranLast = new Map(); // section → node
  #pointed = new Map(); // section → node that a click, or Ctrl-Enter, holds on to
  #restored = new Set(); // after a reload, from what was kept
  #ranAtOnce = new Set(); // in this kernel
  #runsAtOnce = false;
  #restarting = false;
  #renewed = false; // whether the kernel that starts replaces one

  // about: what talk.json says; stage: what is told what happens here.
  constructor(about, Engine, stage) {
    this.#about = about;
    this.#Engine = Engine;
    this.#stage = stage;
  }

  get name() {
    return this.#about.name;
  }

  get title() {
    return this.#about.title;
  }

  get slides() {
    return this.#about.slides;
  }

  get document() {
    return this.frame?.contentDocument;
  }

  get section() {
    return this.sections[this.position.slide];
  }

  // Load it, once; fulfilled when its slides are there.
  open() {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  async #load() {
    const address = this.#Engine.address(this.name);
    this.frame = Object.assign(document.createElement("iframe"), { src: address, title: this.title });
    document.getElementById("parts").append(this.frame);
    await new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
    const styled = this.#style();
    this.#guard();
    this.engine = new this.#Engine(this.frame.contentWindow);
    this.engine.onStatus = (word) => this.#kernelSaid(word);
    this.#closeDialogs();
    await Promise.all([styled, this.engine.shown()]);
    this.sections = Slide.all(this.document);
    this.go(this.position);
    for (const name of ["slidechanged", "fragmentshown", "fragmenthidden"]) {
      this.document.addEventListener(name, () => this.#moving || this.go(this.position)); // nobody else moves
    }
    for (const { node } of this.#tagged()) node.classList.add("at-once");
    new MutationObserver((changes) => this.#outputCame(changes))
      .observe(this.document.querySelector(".slides"), { subtree: true, childList: true });
    this.#restore();
    this.#mark();
    this.#stage.loaded(this);
    this.frame.classList.add("ready");
    if (this.usable) this.#runAtOnce();
  }

  // RISE loads the look too, some time after the slides are there; fulfilled when it is.
  #style() {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/files/rise.css" });
    this.document.head.append(sheet);
    return new Promise((resolve) => sheet.addEventListener("load", resolve, { once: true }));
  }

  // Nothing that is typed or clicked in the frame reaches the notebook past the stage.
  #guard() {
    const window = this.frame.contentWindow;
    const on = (name, handler) => window.addEventListener(name, handler, true);
    const stop = (event) => event.stopImmediatePropagation();
    on("keydown", (event) => this.#stage.typed(event, this));
    on("contextmenu", (event) => (stop(event), event.preventDefault()));
    on("dblclick", (event) => this.inEditor(event.target) || stop(event)); // opens a text for editing
    on("click", (event) => this.#follow(event));
    on("pointerdown", ({ target }) => this.#point(target));
    on("change", ({ target }) => target.closest("form.tune") && this.#stage.tuned(this));
  }

  // A link leads to another part, or out of the talk; never away within the frame.
  #follow(event) {
    const link = event.target.closest("a[href]");
    if (!link) return;
    event.preventDefault();
    this.#stage.follow(new URL(link.href));
  }

  #closeDialogs() {
    const { dialog, button } = this.engine.dialogs;
    const close = () => {
      for (const open of this.document.querySelectorAll(dialog)) open.querySelector(button)?.click();
    };
    const options = { childList: true, subtree: true, attributeFilter: ["class"] };
    new MutationObserver(close).observe(this.document.body, options);
  }

  // --- moving ------------------------------------------------------------------------------------------

  // Show a slide, with its steps up to this one. Before the slides are there it is kept for then.
  go({ slide, step }) {
    this.position = { slide, step };
    if (!this.sections.length) return;
    this.position.slide = Math.min(slide, this.sections.length - 1);
    const stack = this.section.parentElement;
    const place = (of) => [...of.parentElement.querySelectorAll(":scope > section")].indexOf(of);
    this.#reveal("slide", place(stack), place(this.section), step);
    this.#mark();
  }

  // One step on; false where there is none.
  forward() {
    const { slide } = this.position;
    if (this.stepsLeft) this.#step("nextFragment");
    else if (slide + 1 < this.sections.length) this.go({ slide: slide + 1, step: -1 });
    else return false;
    return true;
  }

  back() {
    const { slide } = this.position;
    if (this.section?.querySelector(".fragment.visible")) this.#step("prevFragment");
    else if (slide > 0) this.go({ slide: slide - 1, step: END });
    else return false;
    return true;
  }

  get stepsLeft() {
    const hidden = [...this.section.querySelectorAll(".fragment:not(.visible)")];
    return new Set(hidden.map(({ dataset }, number) => dataset.fragmentIndex ?? `without ${number}`)).size;
  }

  #step(method) {
    this.#reveal(method);
    const shown = [...this.section.querySelectorAll(".fragment.visible")];
    const step = Math.max(-1, ...shown.map(({ dataset }) => Number(dataset.fragmentIndex)));
    this.position = { ...this.position, step };
    this.#mark();
  }

  // Call reveal.js through its own door for messages, but now: the next key finds everything in place.
  #reveal(method, ...args) {
    const { MessageEvent } = this.frame.contentWindow;
    const data = JSON.stringify({ method, args });
    this.#moving = true;
    this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    this.#moving = false;
  }

  // --- running -----------------------------------------------------------------------------------------

  // Of the kernel; while it is replaced, the old one may still say that it is idle.
  get status() {
    return this.#restarting ? "starting" : this.engine?.status ?? "starting";
  }

  get usable() {
    return ["idle", "busy"].includes(this.status);
  }

  // Run the marked cell of the slide, then mark the next; with `stay` the mark stays.
  async run(stay) {
    const cell = this.#marked();
    if (!cell) return this.#stage.toast("Nothing to run on this slide");
    if (this.#running.has(cell.node)) return this.#stage.toast("It runs already; I interrupts it");
    if (!this.usable) this.#stage.toast("The kernel is starting; the cell runs as soon as it is there");
    this.#ranLast.set(this.section, cell.node);
    if (stay) this.#pointed.set(this.section, cell.node);
    else this.#pointed.delete(this.section);
    this.#mark();
    await this.#execute(cell);
  }

  // The cells on the screen that wait for the speaker.
  #runnable() {
    const waits = ({ node, tags }) =>
      this.section.contains(node) && !tags.includes("at-once") &&
      !node.closest(".fragment:not(.visible), .reveal-skip");
    return this.sections.length ? this.engine.cells().filter(waits) : [];
  }

  #marked(cells = this.#runnable()) {
    const number = (nodes) => cells.findIndex(({ node }) => node === nodes.get(this.section));
    const pointed = cells[number(this.#pointed)];
    return pointed ?? cells[Math.min(number(this.#ranLast) + 1, cells.length - 1)];
  }

  // Show which of several cells is next.
  #mark() {
    const cells = this.#runnable();
    const marked = this.#marked(cells);
    for (const cell of cells) cell.node.classList.toggle("next-cell", cells.length > 1 && cell === marked);
  }

  #point(target) {
    const cell = this.#runnable().find(({ node }) => node.contains(target));
    if (!cell) return;
    this.#pointed.set(this.section, cell.node);
    this.#mark();
  }

  // The demo that the slide runs.
  get demo() {
    const sources = this.#runnable().map(({ source }) => source);
    return sources.join("\n").match(/\b(?:run|tune)\(\s*["'](\w+)/)?.[1];
  }

  async #execute(cell) {
    this.#running.add(cell.node);
    this.#restored.delete(cell.node);
    sessionStorage.removeItem(this.#keptAs(cell));
    try {
      await this.#kernelUsable();
      await cell.run();
      this.#keep(cell);
    } catch (error) {
      if (!(error instanceof KernelGone)) throw error; // of its end the stage has told already
    } finally {
      this.#running.delete(cell.node);
    }
  }

  #kernelUsable() {
    return new Promise((resolve) => {
      if (this.usable) resolve();
      else this.#waiting.push(resolve);
    });
  }

  #kernelSaid(word) {
    if (/^auto/.test(word)) {
      this.#stage.toast("The kernel died; a new one is starting");
      this.#renewed = true;
    }
    if (word === "dead") this.#stage.toast("The kernel is dead; K starts a new one");
    if (this.usable) {
      if (this.#renewed) this.#stage.toast("The new kernel is ready");
      this.#renewed = false;
      for (const resolve of this.#waiting.splice(0)) resolve();
      this.#runAtOnce();
    } else {
      this.#ranAtOnce.clear(); // the next kernel knows nothing
    }
    this.#stage.changed(this);
  }

  #tagged() {
    return this.engine.cells().filter(({ tags }) => tags.includes("at-once"));
  }

  // Run the cells that need nobody and have no output yet, one after the other, those on the screen first.
  async #runAtOnce() {
    if (this.#runsAtOnce || !this.sections.length) return;
    this.#runsAtOnce = true;
    for (let cell; (cell = this.#nextAtOnce()); ) {
      this.#ranAtOnce.add(cell.node);
      await this.#execute(cell);
    }
    this.#runsAtOnce = false;
    this.prepared = true;
    this.#stage.prepared(this);
  }

  #nextAtOnce() {
    const missing = this.#tagged().filter(({ node, bare }) => bare && !this.#ranAtOnce.has(node));
    return missing.find(({ node }) => this.section.contains(node)) ?? missing[0];
  }

  // Run code that leaves no trace in the notebook; the kernel's reply.
  async execute(code) {
    for (let left = EXECUTIONS; ; left -= 1) {
      await this.#kernelUsable();
      try {
        return await this.engine.execute(code);
      } catch (error) {
        if (!left || !(error instanceof KernelGone)) throw error; // else the next kernel is asked
      }
    }
  }

  async interrupt() {
    const { id, execution_state: state = "starting" } = await this.#kernel();
    if (state === "starting") return this.#stage.toast("The kernel is still starting");
    if (state !== "busy" && !this.#running.size) return this.#stage.toast("Nothing runs");
    const { ok } = await fetch(`/api/kernels/${id}/interrupt`, { method: "POST", headers: fromHere() });
    this.#stage.toast(ok ? "Interrupted" : "The kernel could not be interrupted; K starts a new one");
  }

  async restart() {
    this.#stage.toast("A new kernel is starting");
    this.#renewed = true;
    if (this.#restarting) return;
    this.#restarting = true;
    this.#kernelSaid("restarting");
    try {
      if (this.engine.started || (await this.#kernel()).execution_state === "busy") {
        while (!this.engine.started) await new Promise((resolve) => setTimeout(resolve, LOOK));
        await this.engine.restart();
      }
    } finally {
      this.#restarting = false;
      this.#kernelSaid(this.status);
    }
  }

  // What the server knows of the part's kernel: right after a reload, more than the engine.
  async #kernel() {
    const sessions = await (await fetch("/api/sessions")).json();
    return sessions.find(({ path }) => path === `${this.name}.ipynb`)?.kernel ?? {};
  }

  // --- what a reload does not lose ---------------------------------------------------------------------

  #keptAs({ id }) {
    return `${this.name}/${id}`;
  }

  // Keep what a finished run shows. What runs at once will run again.
  #keep(cell) {
    if (cell.tags.includes("at-once")) return;
    try {
      sessionStorage.setItem(this.#keptAs(cell), JSON.stringify(cell.outputs()));
    } catch ({ name }) {
      this.#stage.toast(`The browser does not keep this result for a reload: ${name}`);
    }
  }

  #restore() {
    for (const cell of this.engine.cells()) {
      const outputs = sessionStorage.getItem(this.#keptAs(cell));
      if (!outputs) continue;
      cell.restore(JSON.parse(outputs));
      this.#restored.add(cell.node);
      this.#ranLast.set(cell.node.closest("section"), cell.node);
    }
  }

  // Whether the slide shows what was kept: its kernel can no longer change it.
  get restored() {
    return this.#runnable().some(({ node }) => this.#restored.has(node));
  }

  // --- what the slide holds ----------------------------------------------------------------------------

  get notes() {
    return [...this.section.querySelectorAll(NOTES)].map(({ innerHTML }) => innerHTML).join("");
  }

  // A slide as a picture of itself: without notes.
  picture(number) {
    const copy = this.sections[number]?.cloneNode(true);
    copy?.querySelectorAll("aside.notes, script").forEach((found) => found.remove());
    return copy?.outerHTML ?? "";
  }

  inEditor(target) {
    return Boolean(target.closest?.(EDITOR) && this.section?.contains(target));
  }

  leaveEditor() {
    this.document.activeElement.blur();
  }

  // Steps, predictions and controls that an output brings are set as they were.
  #outputCame(changes) {
    const set = ".fragment, .prediction, form.tune";
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
    if (!added.some((node) => node.matches?.(set) || node.querySelector?.(set))) return;
    this.go(this.position);
    this.#stage.outputCame(this);
    for (const cell of this.#runnable()) {
      if (sessionStorage.getItem(this.#keptAs(cell))) this.#keep(cell); // a control has changed it since
    }
  }
}
