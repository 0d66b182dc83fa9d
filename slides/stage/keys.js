// The keys of the stage: one list, for what they do and for the help.

const ROWS = [
  ["forward", "ArrowRight ArrowDown PageDown Space", "next step; after the last one, the next part"],
  ["back", "ArrowLeft ArrowUp PageUp Shift-Space Backspace", "previous step"],
  ["first", "Home", "first slide of the part"],
  ["last", "End", "last slide of the part"],
  ["nextPart", "N", "next part"],
  ["previousPart", "P", "previous part"],
  ["map", "M", "map of the talk: arrows, Enter"],
  ["run", "Shift-Enter", "run the slide’s cell, the next of several"],
  ["runAgain", "Ctrl-Enter", "run it, and stay with this cell"],
  ["interrupt", "I F9", "interrupt what runs"],
  ["restart", "K F10", "restart the part’s kernel"],
  ["replay", "R", "the whole talk: live or replayed"],
  ["replayDemo", "Shift-R", "only this slide’s demo: live or replayed"],
  ["", "A B C D", "on a question: choose"],
  ["", "1 … 9 T + −", "on a slide with controls: workers, mechanism, interval"],
  ["unfold", "Enter", "unfold a solution, or what a script printed"],
  ["speaker", "S", "the speaker’s window"],
  ["look", "L", "light or dark"],
  ["fullScreen", "F", "full screen"],
  ["blank", ".", "black screen"],
  ["help", "? H", "this list"],
  ["emergency", "X", "the emergency deck, and back"],
  ["close", "Escape", "close what is open; leave a cell’s editor"],
];
const SHOWN = {
  ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓",
  PageDown: "Page ↓", PageUp: "Page ↑", Escape: "Esc",
};

const ACTIONS = new Map(ROWS.flatMap(([action, keys]) => keys.split(" ").map((key) => [key, action])));

// The name of a key with what is held: "N", "Shift-Enter"; nothing with Alt, but where that types a sign.
export function nameOf({ key, shiftKey, ctrlKey, altKey, metaKey }) {
  if (altKey) return /^[^a-z0-9]$/i.test(key) ? key : "";
  const name = key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key;
  const shift = shiftKey && /^([A-Z]|\w{2,})$/.test(name); // other signs may need it to be typed at all
  return (ctrlKey || metaKey ? "Ctrl-" : "") + (shift ? "Shift-" : "") + name;
}

// What the key with this name does: the name of an action, or nothing.
export const actionOf = (name) => ACTIONS.get(name);

// A table of all keys.
export function keyTable() {
  const table = document.createElement("table");
  for (const [, keys, says] of ROWS) {
    const row = table.insertRow();
    const cell = row.insertCell();
    for (const key of keys.split(" ")) {
      const shown = key.split("-").map((word) => SHOWN[word] ?? word).join("-");
      cell.append(Object.assign(document.createElement("kbd"), { textContent: shown }), " ");
    }
    row.insertCell().textContent = says;
  }
  return table;
}
