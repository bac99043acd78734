/* One card at a time, decided by keys. All that is decided is decided in the kernel: this shows
   the state it is sent and sends back which key was pressed on which card. */
function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function plain(e) {
  return !(e.ctrlKey || e.metaKey || e.altKey);
}

function render({ model, el }) {
  const style = element("style");
  style.textContent = model.get("css");
  const root = element("div", "cn");
  const card = element("div", "cn-card");
  card.tabIndex = 0;
  card.setAttribute("aria-live", "polite");
  root.append(card);
  el.append(style, root);
  let asking = null;

  function send(action, value) {
    const state = model.get("state");
    asking = null;
    model.send({ action: action.id, card: state.card, value: value ?? "" });
  }

  function choose(action) {
    if (action.ask) { asking = action; draw(); }
    else send(action);
  }

  function ask(action) {
    const box = element("form", "cn-keys");
    const label = element("label", "", action.ask.label + " ");
    const long = action.ask.value && action.ask.value.length > 60;
    const input = element(long ? "textarea" : "input");
    input.value = action.ask.value || "";
    input.style.minWidth = "26em";
    if (long) { input.rows = 4; input.style.width = "100%"; }
    label.append(input);
    box.append(label);
    const options = action.ask.options || [];
    options.slice(0, 9).forEach((o, i) => {
      const b = element("button", "");
      b.type = "button";
      b.append(element("kbd", "", String(i + 1)), document.createTextNode(o.label || o));
      b.onclick = () => send(action, o.value ?? o);
      box.append(b);
    });
    box.append(element("span", "cn-note", "Enter keeps it, Esc leaves it"));
    box.onsubmit = (e) => { e.preventDefault(); if (input.value.trim()) send(action, input.value.trim()); };
    input.onkeydown = (e) => {
      if (plain(e)) e.stopPropagation();
      if (e.key === "Escape") { asking = null; draw(); }
      else if (e.key === "Enter" && (!long || e.ctrlKey || e.metaKey)) {
        e.preventDefault();
        if (input.value.trim()) send(action, input.value.trim());
      } else if (!input.value && /^[1-9]$/.test(e.key) && options[e.key - 1]) {
        e.preventDefault();
        const o = options[e.key - 1];
        send(action, o.value ?? o);
      }
    };
    card.append(box);
    input.focus();
  }

  function draw() {
    const state = model.get("state");
    const focused = card.contains(document.activeElement) || document.activeElement === card;
    card.replaceChildren();
    const body = element("div");
    body.innerHTML = state.html;  /* escaped in the kernel */
    card.append(body);
    const keys = element("div", "cn-keys");
    for (const action of state.actions) {
      const b = element("button", "");
      b.append(element("kbd", "", action.key), document.createTextNode(action.label));
      b.onclick = () => choose(action);
      b.dataset.action = action.id;
      keys.append(b);
    }
    card.append(keys);
    const status = element("div", "cn-note");
    status.innerHTML = state.status;  /* escaped in the kernel */
    card.append(status);
    if (asking) ask(asking);
    else if (focused) card.focus({ preventScroll: true });
  }

  card.addEventListener("keydown", (e) => {
    if (!plain(e)) return;
    /* The notebook has keys of its own: x cuts the cell. Save and the like go through. */
    e.stopPropagation();
    if (e.target.closest("input, textarea")) return;
    if (e.key === "Escape" && asking) { asking = null; draw(); return; }
    if ((e.key === "Enter" || e.key === " ") && e.target.closest("button, a, summary")) return;
    const action = model.get("state").actions.find((a) => a.key.toLowerCase() === e.key.toLowerCase());
    if (!action) return;
    e.preventDefault();
    choose(action);
  });
  const changed = () => { asking = null; draw(); };
  model.on("change:state", changed);
  draw();
  return () => model.off("change:state", changed);
}

export default { render };
