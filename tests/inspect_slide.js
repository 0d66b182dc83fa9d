// What is wrong with the slide that is shown, in an exported page or in a frame of the stage: for each fault
// the cell (its id, or its number from 0), what it is about, and the problem.
//   least  the smallest sizes of text, in px at 1280 by 720, and the smallest contrasts
//   ran    whether the slide's cells have run
//   above  what the stage shows above its frame: {left, right, top, bottom, words}
({ least, ran, above }) => {
  const SCROLLS = ":is(.jp-RenderedText, .output_text, .jp-OutputArea-output > pre, details pre):not(.code)";
  const UNSEEN = "aside.notes, style, script, title, desc, textarea, .cm-announced, .CodeMirror-measure";
  const SHAPES = "rect, path, circle, ellipse, line, polyline, polygon, text, image, use";
  const CHROME = `.jp-InputPrompt, .jp-OutputPrompt, .jp-OutputArea-promptOverlay, .jp-Collapser, .jp-Toolbar,
    .jp-cell-toolbar, .jp-CellResizeHandle, .jp-Notebook-footer, .jp-InternalAnchorLink, .jp-Dialog,
    .jp-toastContainer *, .lm-MenuBar, .prompt, .run_this_cell, .celltoolbar, .ctb_hideshow, .anchor-link,
    #header, #menubar, .modal-dialog, #help_b, #help-b, #exit_b, .aria-busy`;
  const ERRORS = `[data-mime-type="application/vnd.jupyter.stderr"], .output_stderr, .output_error,
    [data-mime-type="application/vnd.jupyter.error"]`;

  const slide = document.querySelector(".slides > section.present > section.present");
  const slides = [...document.querySelectorAll(".slides section:not(:has(> section))")];
  const factor = Math.min(innerWidth / 1280, innerHeight / 720);
  const area = slide.getBoundingClientRect();
  const zoom = area.width / slide.offsetWidth; // reveal.js scales an exported slide
  const found = [];

  function report(element, what, problem) {
    const exported = element.closest('[id^="cell-id="]');
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell, #notebook .cell")];
    const index = cells.indexOf(element.closest(".jp-Cell, .cell"));
    found.push({ cell: exported ? exported.id.slice("cell-id=".length) : index, what, problem });
  }

  const quoted = (text) => `“${text.trim().replace(/\s+/g, " ").slice(0, 50)}”`;
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const name = (element) => (element.className?.baseVal ?? element.className) || element.tagName;

  // --- where it is -----------------------------------------------------------------------------------------

  // The part of a rectangle that boxes around its element let through; a box that cuts it is reported.
  function clipped(rect, element, what) {
    let { top, bottom } = rect;
    const give = what.startsWith("“") ? rect.height / 5 : 1; // a font's box is higher than its letters
    for (let box = element; box !== slide; box = box.parentElement) {
      const { overflowX, overflowY, display } = getComputedStyle(box);
      if ((overflowX === "visible" && overflowY === "visible") || display === "inline") continue;
      const edge = box.getBoundingClientRect();
      const sideways = Math.max(rect.right - edge.right, edge.left - rect.left);
      const upright = Math.max(bottom - edge.bottom, edge.top - top);
      if (sideways > 1.5) report(element, what, "is cut at the side");
      if (box.matches(SCROLLS)) [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
      else if (upright > give) report(element, what, "is cut above or below");
    }
    return bottom - top < 2 ? null : { left: rect.left, right: rect.right, top, bottom };
  }

  function place(rect, element, what) {
    const beyond = {
      left: area.left - rect.left,
      right: rect.right - Math.min(area.right, innerWidth),
      top: area.top - rect.top,
      bottom: rect.bottom - Math.min(area.bottom, innerHeight),
    };
    for (const [side, px] of Object.entries(beyond)) {
      if (px > 1) report(element, `${what} (${Math.round(px)} px)`, `goes beyond the slide (${side})`);
    }
    for (const box of [...own, ...above]) {
      if (overlap(rect, box) > 2) report(element, what, `is under ${box.words}`);
    }
  }

  function overlap(a, b) {
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return Math.max(0, Math.min(width, height));
  }

  // What lies over the slides: links, the slide's number, arrows.
  const own = [...document.querySelectorAll("nav a, .slide-number, .controls > .enabled")]
    .filter(seen)
    .map((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { left, right, top, bottom, words: quoted(element.textContent || name(element)) };
    });

  // --- colours ---------------------------------------------------------------------------------------------

  const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colours = new Map();
  function colour(css) {
    if (!colours.has(css)) {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = css;
      paint.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
      colours.set(css, [r, g, b, a / 255]);
    }
    return colours.get(css);
  }
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const channel = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);

  function opacity(element) {
    let product = 1;
    for (; element && element !== slide; element = element.parentElement) {
      product *= getComputedStyle(element).opacity;
    }
    return product;
  }

  function background(element) {
    const style = getComputedStyle(element);
    if (!(element instanceof SVGElement) || element.matches("svg")) return colour(style.backgroundColor);
    const filled = element.matches(SHAPES) && !element.matches("text, line") && style.fill !== "none";
    if (!filled) return [0, 0, 0, 0];
    const [r, g, b, a] = colour(style.fill);
    return [r, g, b, a * style.fillOpacity];
  }

  // The colour that lies behind a text at a point.
  function behind(element, x, y) {
    const stack = document.elementsFromPoint(x, y);
    const below = stack.slice(stack.indexOf(element) + 1); // all, where the text lets the pointer through
    const layers = [...(element instanceof SVGElement ? [] : [element]), ...below].map((layer) => {
      const [r, g, b, a] = background(layer);
      return [r, g, b, a * opacity(layer)];
    });
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
  }

  function contrast(element, { left, right, top, bottom }) {
    const style = getComputedStyle(element);
    const [r, g, b, a] = colour(element.closest("svg") ? style.fill : style.color);
    const middle = (top + bottom) / 2;
    const points = [left + 2, (left + right) / 2, right - 2].filter((x) => x > 0 && x < innerWidth);
    const ratios = points.map((x) => {
      const under = behind(element, x, middle);
      const [one, other] = [light(under), light(over([r, g, b, a * opacity(element)], under))];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    });
    return Math.min(...ratios);
  }

  // --- text ------------------------------------------------------------------------------------------------

  function size(element) {
    const px = parseFloat(getComputedStyle(element).fontSize);
    if (!element.closest("svg")) return px * zoom;
    const { a, b } = element.getScreenCTM();
    return px * Math.hypot(a, b);
  }

  function kind(element) {
    if (element.closest("svg")) return "picture";
    return /mono|courier/i.test(getComputedStyle(element).fontFamily) ? "code" : "text";
  }

  function inspectText(node) {
    const element = node.parentElement;
    const what = quoted(node.data);
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 1 && rect.height > 1);
    const visible = rects.map((rect) => clipped(rect, element, what)).filter(Boolean);
    if (!visible.length) return [];
    visible.forEach((rect) => place(rect, element, what));
    const [px, smallest] = [size(element), least[kind(element)] * factor].map((size) => size.toFixed(1));
    const small = Number(px) < Number(smallest);
    if (small) report(element, `${what} (${px} px)`, `is smaller than ${smallest} px`);
    const ratio = Math.min(...visible.map((rect) => contrast(element, rect)));
    const enough = opacity(element) < 1 ? least.dimmed : least.contrast;
    if (ratio < enough) report(element, `${what} (${ratio.toFixed(2)})`, "has too little contrast");
    return visible.map((rect) => ({ rect, element, what }));
  }

  function inspectTexts() {
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    const texts = [];
    for (let node; (node = walker.nextNode()); ) {
      const element = node.parentElement;
      if (node.data.trim() && !element.closest(UNSEEN) && seen(element)) texts.push(...inspectText(node));
    }
    const bare = texts.every(({ element }) => element.closest("h2, h3")) && !slide.querySelector("svg, img");
    if (bare) report(texts[0]?.element ?? slide, "the slide", "shows nothing, but perhaps a heading");
    texts.forEach((one, index) => {
      for (const other of texts.slice(index + 1)) {
        const height = Math.min(one.rect.bottom - one.rect.top, other.rect.bottom - other.rect.top);
        const overlaid = overlap(one.rect, other.rect) > height / 3;
        if (overlaid) report(other.element, `${other.what} on ${one.what}`, "lies on another text");
      }
    });
  }

  // --- pictures --------------------------------------------------------------------------------------------

  function drawn(picture) {
    if (picture.matches("img")) return picture.complete && picture.naturalWidth > 0;
    if (!picture.matches("svg")) return true;
    return [...picture.querySelectorAll(SHAPES)].some((shape) => {
      const { width, height } = shape.getBoundingClientRect();
      return !shape.closest("defs, clipPath") && seen(shape) && width + height > 0;
    });
  }

  function inspectPicture(picture) {
    const title = picture.querySelector(":scope > title")?.textContent;
    const words = picture.alt ?? picture.ariaLabel ?? title;
    const what = `the picture ${words ? quoted(words) : picture.outerHTML.slice(0, 40)}`;
    const described = words?.trim() && !/^No description has been provided/.test(words);
    if (!described) report(picture, what, "has no text alternative");
    if (picture.matches("svg") && picture.role !== "img") report(picture, what, 'has no role="img"');
    if (!drawn(picture)) report(picture, what, "is empty");
    const rect = picture.getBoundingClientRect();
    const smallest = 80 * factor;
    if (Math.min(rect.width, rect.height) < smallest) {
      report(picture, `${what} (${Math.round(rect.width)} by ${Math.round(rect.height)} px)`, "is too small");
    }
    const visible = clipped(rect, picture.parentElement, what);
    if (visible) place(visible, picture, what);
    for (const shape of picture.querySelectorAll(SHAPES)) {
      const edge = shape.getBoundingClientRect();
      const [before, after] = [rect.left - edge.left, edge.right - rect.right];
      const sides = [before, after, rect.top - edge.top, edge.bottom - rect.bottom];
      const cut = Math.max(...sides) > 2 && !shape.closest("defs, clipPath, [clip-path], text");
      if (cut && seen(shape)) {
        report(picture, what, `cuts its ${shape.tagName}`);
      }
    }
  }

  function inspectPictures() {
    for (const picture of slide.querySelectorAll("img, svg:not(svg svg), canvas, video")) {
      if (seen(picture) && picture.ariaHidden !== "true" && !picture.closest(UNSEEN)) inspectPicture(picture);
    }
  }

  // --- the notebook around it, errors, movement ------------------------------------------------------------

  function inspectChrome() {
    const shows = (element) => {
      const { width, height, right, bottom } = element.getBoundingClientRect();
      return seen(element) && width > 1 && height > 1 && right > 0 && bottom > 0;
    };
    for (const element of document.querySelectorAll(CHROME)) {
      if (!element.closest(".slides section:not(.present)") && shows(element)) {
        report(element, name(element), "belongs to the notebook, and shows");
      }
    }
    for (const cell of slide.querySelectorAll(".jp-Cell, .cell")) {
      const { borderLeftWidth, borderLeftColor, boxShadow } = getComputedStyle(cell);
      const bar = getComputedStyle(cell, "::before");
      const barred = bar.display !== "none" && bar.content !== "none" && colour(bar.backgroundColor)[3];
      const bordered = parseFloat(borderLeftWidth) && colour(borderLeftColor)[3];
      const framed = barred || bordered || boxShadow !== "none";
      if (framed && seen(cell)) report(cell, "the cell", "has the frame of the notebook");
    }
  }

  function inspectOutputs() {
    for (const cell of slide.querySelectorAll(".jp-CodeCell, .code_cell")) {
      const outputs = [...cell.querySelectorAll(".jp-OutputArea-output, .output_subarea")];
      if (!outputs.some((output) => output.clientHeight)) report(cell, "the cell", "shows no output");
    }
  }

  function inspectErrors() {
    const errors = [...slide.querySelectorAll(ERRORS)].filter(seen);
    errors.forEach((element) => report(element, quoted(element.textContent), "is an error"));
  }

  function inspectMovement() {
    for (const animation of document.getAnimations()) {
      const target = animation.effect.target;
      const { activeDuration } = animation.effect.getComputedTiming();
      const moves = animation.playState === "running" && activeDuration > 1;
      if (moves && seen(target)) report(target, name(target), "moves, although less motion is asked for");
    }
  }

  for (const box of own) {
    const covering = above.find((other) => overlap(box, other) > 2);
    if (covering) report(slide, box.words, `is under ${covering.words}`);
  }
  if (slide.scrollHeight > slide.clientHeight + 1) {
    report(slide, "the slide", "is too long");
  }
  inspectTexts();
  inspectPictures();
  inspectChrome();
  if (ran) inspectOutputs();
  inspectErrors();
  inspectMovement();
  const heading = slide.querySelector("h1, h2, h3")?.textContent.replace("¶", "").trim() ?? "";
  return { number: slides.indexOf(slide) + 1, heading, found };
}
