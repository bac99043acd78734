"use strict";
// Reading needs none of this: numbers and citations are links, tables are whole. With it, a number
// shows its sentence where the reader is, tables sort and filter, and the contents fold on a phone.

// --- where a link leads: open what holds it ---
function reveal() {
  const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!card) return;
  for (let box = card.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
  card.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("details")) box.open = true;
});
if (matchMedia("(max-width: 68em)").matches) {
  const contents = document.querySelector(".contents details");
  if (contents) contents.open = false;
}

// --- a number's sentence, a citation's reference, beside what was clicked ---
function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
const close = make("button", { type: "button", className: "close", textContent: "Close" });
const whole = make("a", { textContent: "Show it in the report" });
const shown = make("div", { className: "shown" });
const peek = make("div", { className: "peek", tabIndex: -1 }, shown,
  make("p", { className: "peek-foot" }, whole, close));
peek.setAttribute("role", "dialog");
peek.setAttribute("aria-label", "Evidence");
let opener = null;

function place(link) {
  const at = link.getClientRects()[0] || link.getBoundingClientRect();
  const size = peek.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left - 16), innerWidth - size.width - 8);
  const below = at.bottom + 8;
  const fits = below + size.height < innerHeight - 8;
  peek.style.left = `${Math.max(8, left)}px`;
  peek.style.top = `${fits ? below : Math.max(8, at.top - size.height - 8)}px`;
}
function show(link, target) {
  const copy = target.cloneNode(true);
  copy.removeAttribute("id");
  for (const part of copy.querySelectorAll(".uses")) part.remove();
  for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
  shown.replaceChildren(copy);
  whole.href = link.hash;
  opener = link;
  peek.setAttribute("aria-label", link.matches("a.figure") ? "Evidence" : "Reference");
  peek.showPopover();
  place(link);
  peek.focus({ preventScroll: true });
}
if (HTMLElement.prototype.showPopover) {
  peek.popover = "auto";
  document.querySelector("main").append(peek);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a.figure, .citation a[href^="#ref-"]');
    if (!link || peek.contains(link) || event.button || event.ctrlKey || event.metaKey
        || event.shiftKey) return;
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    event.preventDefault();
    show(link, target);
  });
  peek.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && opener && peek.contains(document.activeElement)) {
      opener.focus({ preventScroll: true });
    }
  });
  close.addEventListener("click", () => {
    const back = opener;
    peek.hidePopover();
    if (back) back.focus({ preventScroll: true });
  });
  whole.addEventListener("click", () => {
    opener = null;
    peek.hidePopover();
    setTimeout(reveal); // also when the address already is this one
  });
}

// --- tables: sort by a column, filter by words ---
const LEAST_ROWS = 5;
function said(cell) {
  const copy = cell.cloneNode(true);
  for (const part of copy.querySelectorAll("sup")) part.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}
function number(text) {
  const found = /^[^\d\-−]{0,3}([-−]?\d[\d,]*(?:\.\d+)?)/.exec(text);
  return found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : NaN;
}
function equip(table) {
  const body = table.tBodies[0];
  const heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
  const rows = body ? [...body.rows] : [];
  if (rows.length < LEAST_ROWS || heads.length < 2) return;
  const texts = new Map(rows.map((row) => [row, [...row.cells].map(said)]));
  const caption = table.caption ? said(table.caption).slice(0, 60) : "table";

  heads.forEach((head, column) => {
    const button = make("button", { type: "button", className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = now === "ascending" ? "descending" : now === "descending" ? "" : "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      let order = rows;
      if (next) {
        head.setAttribute("aria-sort", next);
        const values = new Map(rows.map((row) => [row, number(texts.get(row)[column] || "")]));
        const counted = [...values.values()].filter((v) => !Number.isNaN(v)).length;
        const numeric = counted * 2 >= rows.length;
        const sign = next === "ascending" ? 1 : -1;
        order = [...rows].sort((a, b) => {
          if (!numeric) return sign * texts.get(a)[column].localeCompare(texts.get(b)[column]);
          const [x, y] = [values.get(a), values.get(b)];
          // What has no number comes last, whichever way the table is sorted.
          if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
          return sign * (x - y);
        });
      }
      body.append(...order);
    });
  });

  const input = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const label = make("label", {}, "Filter ", input);
  const status = make("span", { className: "rows" });
  status.setAttribute("role", "status");
  input.setAttribute("aria-label", `Filter rows: ${caption}`);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const text = texts.get(row).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      left += !row.hidden;
    }
    status.textContent = wanted.length ? `${left} of ${rows.length} rows` : "";
  });
  (table.closest(".scroll") || table).before(make("div", { className: "tools" }, label, status));
}
for (const table of document.querySelectorAll("main table")) equip(table);
reveal();
