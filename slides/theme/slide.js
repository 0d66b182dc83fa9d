// What works on a slide, wherever it is shown: in the stage's frames and in the exported pages.
// One global, Slide; its functions keep nothing in mind and listen to nothing: whoever calls them does.
globalThis.Slide = (() => {
  const RUNS = ".result, .rise-enabled :is(.jp-CodeCell, .code_cell):not(.at-once)";
  const OPTION_KEYS = { workers: /^[0-9]$/, mechanism: /^[tT]$/, interval: /^[-+=−]$/ };

  // Every slide, in the order in which they are shown.
  function all(document) {
    return [...document.querySelectorAll(".slides section:not(:has(> section))")];
  }

  // The words of a slide's heading, without the sign with which JupyterLab links to it.
  function heading(section) {
    const found = section.querySelector("h1, h2, h3");
    return found ? found.textContent.replace(/¶\s*$/, "").trim() : "";
  }

  // The options of a question, which is a table without a head whose first column is bold letters.
  function question(section) {
    const table = section.querySelector("table:not(:has(thead th:not(:empty)))");
    const options = [...(table?.querySelectorAll("tbody tr") ?? [])].map((row) => ({
      letter: row.cells[0]?.querySelector("strong")?.textContent.trim() ?? "",
      text: row.cells[1]?.textContent.trim() ?? "",
      row,
    }));
    return options.every(({ letter }) => /^[A-Z]$/.test(letter)) ? options : [];
  }

  // Mark the option with this letter, and say so beside the next measured result. Where that result comes
  // later, by a run or a switch, call it again: nothing happens twice.
  function choose(sections, section, letter) {
    const options = question(section);
    const chosen = options.find((option) => option.letter === letter);
    if (!chosen) return;
    for (const { row } of options) {
      row.classList.toggle("chosen", row === chosen.row);
      row.ariaSelected = String(row === chosen.row);
    }
    for (const later of sections.slice(sections.indexOf(section) + 1)) {
      if (question(later).length) return;
      for (const line of later.querySelectorAll(".result .prediction")) predict(line, chosen);
      if (later.querySelector(RUNS)) return; // the run that answers, even if it has not been started yet
    }
  }

  function predict(line, { letter, text }) {
    const sentence = (words) => `${words.replace(/\.$/, "")}.`;
    const { measured } = line.closest(".result").dataset;
    const words = `, ${sentence(text)}${measured ? ` Measured: ${sentence(measured)}` : ""}`;
    if (line.textContent === `You said ${letter}${words}`) return; // who observes the slide rests
    const said = line.ownerDocument.createElement("strong");
    said.textContent = letter;
    line.replaceChildren("You said ", said, words);
    line.hidden = false;
  }

  // The form of a slide whose demo can be tuned.
  function controls(section) {
    return section.querySelector("form.tune");
  }

  // The option whose control belongs to a key, if any.
  function optionOf(pressed) {
    return Object.keys(OPTION_KEYS).find((option) => OPTION_KEYS[option].test(pressed));
  }

  function radios(form, option) {
    return [...form.querySelectorAll(`[data-option="${option}"] input:enabled`)];
  }

  // What a form asks for: {workers: "2", mechanism: "threads", …}.
  function values(form) {
    const sets = [...form.querySelectorAll("[data-option]")];
    return Object.fromEntries(sets.map((set) => [set.dataset.option, set.querySelector(":checked")?.value]));
  }

  // Set the control that belongs to a key; true if that changed something. The form then fires "change",
  // as it does after a click.
  function key(form, pressed) {
    const option = optionOf(pressed);
    const choices = option ? radios(form, option) : [];
    const now = choices.findIndex((radio) => radio.checked);
    const wanted = {
      workers: choices.find((radio) => radio.value === pressed),
      mechanism: choices[(now + 1) % choices.length],
      interval: choices[now + (/[+=]/.test(pressed) ? 1 : -1)],
    }[option];
    if (!wanted || wanted.checked) return false;
    wanted.click();
    return true;
  }

  // Without a kernel every result is in the page: show the one that fits the form, hide the others.
  function switchTo(form) {
    const wanted = values(form);
    const fits = ({ dataset }) => {
      const options = JSON.parse(dataset.options);
      return Object.entries(wanted).every(([option, value]) => String(options[option]) === value);
    };
    const results = [...form.closest("section").querySelectorAll(".result[data-options]")];
    if (results.some(fits)) for (const result of results) result.hidden = !fits(result);
  }

  // Open or close what the slide has folded, a solution, say; whether there is something.
  function unfold(section) {
    const folded = [...section.querySelectorAll("details")].find((details) => details.checkVisibility());
    if (folded) folded.open = !folded.open;
    return Boolean(folded);
  }

  // "light" or "dark".
  function look(document, name) {
    document.documentElement.dataset.look = name;
  }

  return {
    all, heading, question, choose, controls, optionOf, radios, values, key, switchTo, unfold, look,
  };
})();
