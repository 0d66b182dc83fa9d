// The two engines that show a notebook as slides, behind one interface:
//   shown()       fulfilled when the slides are there
//   cells()       the code cells: {node, id, tags, source, bare (has no output), run(),
//                 outputs(), restore(outputs)}, the outputs as they stand in a notebook's file
//   status        of the kernel: "starting", "idle", "busy" or "dead"
//   onStatus      called when that changes, with the engine's own word
//   execute(code) without a trace in the notebook
//   started       whether it has found the kernel that it can restart()
//   dialogs       which of its dialogs to close, and how

// What runs fails with this when its kernel dies or is restarted.
export class KernelGone extends Error {}

// Fulfilled once the document has an element with this selector.
function appearance(document, selector) {
  return new Promise((resolve) => {
    const look = () => document.querySelector(selector) && (observer.disconnect(), resolve());
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributeFilter: ["class"] });
    look();
  });
}

const SHOWN = ".reveal.ready .slides > section > section";

// jupyterlab-rise
export class Lab {
  static address = (name) => `/rise/${name}.ipynb`;
  dialogs = { dialog: ".jp-Dialog", button: ".jp-mod-reject, .jp-mod-accept" };
  #window;
  #panel;

  constructor(window) {
    this.#window = window;
  }

  async shown() {
    await appearance(this.#window.document, SHOWN);
    this.#panel = this.#window.jupyterapp.shell.currentWidget;
    const { statusChanged, connectionStatusChanged, kernelChanged } = this.#context;
    const changed = () => this.onStatus(this.#context.kernelDisplayStatus);
    for (const signal of [statusChanged, connectionStatusChanged, kernelChanged]) signal.connect(changed);
  }

  get #context() {
    return this.#panel?.sessionContext;
  }

  cells() {
    const code = this.#panel.content.widgets.filter((widget) => widget.model.type === "code");
    return code.map((widget) => ({
      node: widget.node,
      id: widget.model.id,
      tags: widget.model.getMetadata("tags") ?? [],
      source: widget.model.sharedModel.getSource(),
      bare: !widget.model.outputs.length,
      run: () => this.#run(widget),
      outputs: () => widget.model.outputs.toJSON(),
      restore: (outputs) => {
        widget.model.trusted = true; // else the controls in it are cut out
        widget.model.outputs.fromJSON(outputs);
      },
    }));
  }

  #run(widget) {
    return this.#unlessCanceled(widget.constructor.execute(widget, this.#context));
  }

  get status() {
    const status = this.#context?.kernelDisplayStatus;
    return { idle: "idle", busy: "busy", dead: "dead" }[status] ?? "starting";
  }

  get started() {
    return Boolean(this.#context?.session?.kernel);
  }

  execute(code) {
    const { kernel } = this.#context.session;
    return this.#unlessCanceled(kernel.requestExecute({ code, silent: true, store_history: false }).done);
  }

  async #unlessCanceled(execution) {
    try {
      return await execution;
    } catch (error) {
      throw error.message.startsWith("Canceled") ? new KernelGone() : error;
    }
  }

  restart() {
    return this.#context.session.kernel.restart();
  }
}

// Classic RISE
export class Classic {
  static address = (name) => `/nbclassic/notebooks/${name}.ipynb`;
  dialogs = { dialog: ".modal.in", button: ".modal-footer .btn-primary, .modal-footer .btn" };
  status = "starting";
  #window;
  #lost = new Set(); // of functions, called when the kernel has gone

  constructor(window) {
    this.#window = window;
  }

  async shown() {
    const module = (name) => new Promise((resolve, reject) => this.#window.require([name], resolve, reject));
    const { notebook_loaded } = await module("base/js/promises");
    await notebook_loaded;
    this.#notebook.set_autosave_interval(0);
    this.#window.onbeforeunload = null; // a reload asks nothing: the talk goes on where it was
    this.#follow(await module("base/js/events"));
    await this.#start();
    await appearance(this.#window.document, SHOWN);
  }

  get #notebook() {
    return this.#window.Jupyter.notebook;
  }

  get #kernel() {
    return this.#notebook.kernel;
  }

  // RISE starts before the notebook every other time. It has the action once its settings have come.
  #start() {
    const { actions } = this.#notebook.keyboard_manager;
    return new Promise((resolve) => {
      const attempt = () => {
        if (!actions.exists("RISE:slideshow")) return setTimeout(attempt, 50);
        actions.call("RISE:slideshow");
        resolve();
      };
      attempt();
    });
  }

  #follow(events) {
    const follow = (words, status) => {
      const names = words.split(" ").map((word) => `kernel_${word}.Kernel`);
      events.on(names.join(" "), ({ type }) => {
        this.status = status;
        if (status !== "busy" && status !== "idle") {
          for (const lost of this.#lost) lost(new KernelGone());
        }
        this.onStatus(type.replace("kernel_", ""));
      });
    };
    follow("ready idle", "idle");
    follow("busy", "busy");
    follow("created starting restarting autorestarting", "starting");
    follow("reconnecting disconnected connection_failed", "starting");
    follow("dead killed", "dead");
    events.on("kernel_autorestarting.Kernel", () => this.#ask());
    if (this.#kernel?.is_connected() && this.#kernel.info_reply.status) this.status = "idle";
  }

  // A kernel that starts again by itself was seen not to say so: ask until it answers.
  #ask() {
    if (this.status !== "starting") return;
    if (this.#kernel.is_connected()) {
      this.#kernel.kernel_info(() => {
        if (this.status !== "starting") return;
        this.status = "idle";
        this.onStatus("idle");
      });
    }
    setTimeout(() => this.#ask(), 1000);
  }

  cells() {
    const code = this.#notebook.get_cells().filter((cell) => cell.cell_type === "code");
    return code.map((cell) => ({
      node: cell.element[0],
      id: cell.id,
      tags: cell.metadata.tags ?? [],
      source: cell.get_text(),
      bare: !cell.output_area.outputs.length,
      run: () => this.#run(cell),
      outputs: () => cell.output_area.toJSON(),
      restore: (outputs) => {
        cell.output_area.trusted = true;
        cell.output_area.fromJSON(outputs);
      },
    }));
  }

  get started() {
    return Boolean(this.#kernel);
  }

  #run(cell) {
    const { events } = this.#notebook;
    let finished;
    const run = this.#unlessLost((resolve) => {
      finished = (_, done) => done.cell === cell && resolve();
      events.on("finished_execute.CodeCell", finished);
      cell.execute();
    });
    return run.finally(() => events.off("finished_execute.CodeCell", finished));
  }

  execute(code) {
    return this.#unlessLost((resolve) => {
      this.#kernel.execute(code, { shell: { reply: resolve } }, { silent: true, store_history: false });
    });
  }

  // A promise that fails when the kernel goes: the notebook itself would wait for ever.
  #unlessLost(start) {
    let lost;
    const promise = new Promise((resolve, reject) => {
      this.#lost.add((lost = reject));
      start(resolve);
    });
    return promise.finally(() => this.#lost.delete(lost));
  }

  restart() {
    return new Promise((resolve, reject) => this.#kernel.restart(resolve, reject));
  }
}
