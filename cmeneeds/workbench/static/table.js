/* A table that sorts, filters and pages in the browser. Cells are set as text, never as markup;
   the detail of a row is markup that was escaped where it was made. Nothing is loaded from
   anywhere. */
(function (id) {
  "use strict";
  var PAGE = 50;
  var root = document.getElementById(id);
  if (!root || root.dataset.on) return;
  root.dataset.on = "1";

  function element(name, className, text) {
    var e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  function unpack(text) {
    var raw = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    var stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text().then(JSON.parse);
  }

  function start(data) {
    var rows = data.rows, columns = data.columns, details = data.details || [];
    var words = rows.map(function (r) { return r.join("\u0001").toLowerCase(); });
    var order = rows.map(function (_, i) { return i; });
    var shown = order, page = 0, sorted = -1, down = false, open = new Set();
    var compare = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" }).compare;

    var bar = element("div", "cn-bar");
    var filter = element("input");
    filter.type = "search";
    filter.placeholder = "Filter";
    filter.setAttribute("aria-label", "Filter the rows by words");
    filter.onkeydown = function (e) { if (!(e.ctrlKey || e.metaKey)) e.stopPropagation(); };
    var said = element("span", "cn-said");
    said.setAttribute("aria-live", "polite");
    var back = element("button", "", "\u2039"), on = element("button", "", "\u203a");
    back.setAttribute("aria-label", "Page before");
    on.setAttribute("aria-label", "Next page");
    bar.append(filter, said, back, on);

    var table = element("table"), head = element("tr"), body = element("tbody");
    var buttons = columns.map(function (c, i) {
      var th = element("th"), b = element("button", "", c.label);
      th.scope = "col";
      b.onclick = function () { sort(i); };
      th.append(b);
      head.append(th);
      return th;
    });
    var thead = element("thead");
    thead.append(head);
    table.append(thead, body);
    var old = root.querySelector(".cn-static");
    if (old) old.remove();
    root.prepend(bar, table);

    function sort(i) {
      down = sorted === i ? !down : false;
      sorted = i;
      var number = columns[i].kind === "number", sign = down ? -1 : 1;
      var before = function (a, b) {
        var x = rows[a][i], y = rows[b][i];
        if (x === "" || y === "") return x === y ? a - b : x === "" ? 1 : -1;
        return sign * (number ? x - y : compare(x, y)) || a - b;
      };
      order = order.slice().sort(before);
      buttons.forEach(function (th, j) {
        if (j === i) th.setAttribute("aria-sort", down ? "descending" : "ascending");
        else th.removeAttribute("aria-sort");
      });
      sift();
    }

    function sift() {
      var wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = !wanted.length ? order : order.filter(function (i) {
        return wanted.every(function (w) { return words[i].indexOf(w) >= 0; });
      });
      page = 0;
      draw();
    }

    function cell(value, column) {
      var td = element("td", column.kind === "text" ? "" : "cn-" + column.kind);
      if (column.kind === "pmid" && /^\d+$/.test(value)) {
        var a = element("a", "", value);
        a.href = "https://pubmed.ncbi.nlm.nih.gov/" + value + "/";
        a.target = "_blank";
        a.rel = "noopener noreferrer";
        td.append(a);
      } else td.textContent = value;
      return td;
    }

    function draw() {
      var first = page * PAGE, last = Math.min(first + PAGE, shown.length);
      body.replaceChildren();
      for (var n = first; n < last; n++) row(shown[n]);
      said.textContent = shown.length === 0 ? "no row" :
        (first + 1) + "\u2013" + last + " of " + shown.length.toLocaleString("en") +
        (shown.length < rows.length ? " (of " + rows.length.toLocaleString("en") + ")" : "");
      back.disabled = page === 0;
      on.disabled = last >= shown.length;
    }

    function row(i) {
      var tr = element("tr", "cn-row");
      rows[i].forEach(function (v, c) { tr.append(cell(v, columns[c])); });
      body.append(tr);
      if (!details[i]) return;
      tr.tabIndex = 0;
      tr.setAttribute("aria-expanded", String(open.has(i)));
      var more = null;
      function toggle() {
        if (more) { more.remove(); more = null; open.delete(i); }
        else {
          more = element("tr", "cn-more");
          var td = element("td");
          td.colSpan = columns.length;
          td.innerHTML = details[i];
          more.append(td);
          tr.after(more);
          open.add(i);
        }
        tr.setAttribute("aria-expanded", String(!!more));
      }
      tr.onclick = function (e) { if (!e.target.closest("a")) toggle(); };
      tr.onkeydown = function (e) {
        if (e.target === tr && (e.key === "Enter" || e.key === " ")) {
          e.preventDefault();
          e.stopPropagation();
          toggle();
        }
      };
      if (open.has(i)) toggle();
    }

    var waiting;
    filter.oninput = function () { clearTimeout(waiting); waiting = setTimeout(sift, 80); };
    back.onclick = function () { page--; draw(); };
    on.onclick = function () { page++; draw(); };
    draw();
  }

  var packed = root.querySelector("template");
  if (!packed || typeof DecompressionStream === "undefined") return;
  unpack(packed.innerHTML.trim()).then(start);
})
