// A table with sorting, picking and one button a row. All text is set as text, never as HTML.

/** @param {{ model: any, el: HTMLElement }} view */
function render({ model, el }) {
  el.classList.add("voicenb-table");
  let sort = { key: "", down: false };
  const said = document.createElement("div"), scroll = document.createElement("div");
  said.className = "vn-picks";
  said.setAttribute("role", "status");
  scroll.className = model.get("scroll") ? "vn-rows" : "";
  el.append(said, scroll);

  const make = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  };

  const sorted = (rows) => {
    if (!sort.key) return rows;
    const value = (row) => row.cells[sort.key]?.order ?? row.cells[sort.key]?.text ?? "";
    const by = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    return [...rows].sort((a, b) => (sort.down ? -1 : 1) * by(value(a), value(b)));
  };

  const shownIds = () => model.get("rows").filter((row) => row.pick !== false).map((row) => row.id);

  function pick(ids) {
    model.set("picked", [...ids]);
    model.save_changes();
    mark();
  }

  /** What is picked, in words, with what picks more and none. */
  function mark() {
    if (!model.get("pick")) return;
    const picked = new Set(model.get("picked")), ids = shownIds(), matching = model.get("matching");
    const hidden = [...picked].filter((id) => !ids.includes(id)).length;
    const here = picked.size - hidden;
    const held = document.activeElement?.dataset?.pick;
    for (const box of el.querySelectorAll("tbody input")) box.checked = picked.has(box.closest("tr").dataset.id);
    const all = el.querySelector("thead input");
    if (all) {
      all.checked = ids.length > 0 && here === ids.length;
      all.indeterminate = here > 0 && here < ids.length;
    }
    const words = picked.size ? `${picked.size.toLocaleString("en")} selected${hidden ? `, ${hidden.toLocaleString("en")} of them not shown` : ""}` : `${Math.max(matching, ids.length).toLocaleString("en")} found`;
    const line = [make("span", words)];
    const act = (name, text, press) => {
      const button = make("button", text);
      button.type = "button";
      button.dataset.pick = name;
      button.onclick = press;
      line.push(button);
    };
    if (ids.length && here === ids.length && matching > picked.size) act("all", `Select all ${matching.toLocaleString("en")}`, () => model.send({ all: true }));
    if (picked.size) act("none", "Select none", () => pick([]));
    said.replaceChildren(...(model.get("rows").length || picked.size ? line : []));
    if (held) (said.querySelector(`button[data-pick="${held}"]`) ?? said.querySelector("button") ?? all)?.focus();
  }

  function head() {
    const line = make("tr");
    if (model.get("pick")) {
      const cell = make("th", undefined, "vn-pick"), box = make("input");
      box.type = "checkbox";
      box.setAttribute("aria-label", "Select all that are shown");
      box.onchange = () => {
        const now = new Set(model.get("picked"));
        for (const id of shownIds()) box.checked ? now.add(id) : now.delete(id);
        pick(now);
      };
      cell.append(box);
      line.append(cell);
    }
    for (const column of model.get("columns")) {
      const cell = make("th", undefined, column.name ?? "");
      cell.scope = "col";
      if (column.label && column.sort !== false) {
        const here = sort.key === column.key;
        cell.setAttribute("aria-sort", here ? (sort.down ? "descending" : "ascending") : "none");
        const button = make("button", column.label + (here ? (sort.down ? " ↓" : " ↑") : ""));
        button.type = "button";
        button.dataset.key = column.key;
        button.onclick = () => {
          sort = { key: column.key, down: here && !sort.down };
          draw();
          el.querySelector(`button[data-key="${column.key}"]`)?.focus();
        };
        cell.append(button);
      } else if (column.label) cell.textContent = column.label;
      else cell.append(make("span", column.said ?? "Actions", "vn-said"));
      line.append(cell);
    }
    return line;
  }

  function body(row) {
    const line = make("tr");
    line.dataset.id = row.id;
    const picked = new Set(model.get("picked"));
    if (model.get("pick")) {
      const cell = make("td", undefined, "vn-pick");
      if (row.pick !== false) {
        const box = make("input");
        box.type = "checkbox";
        box.checked = picked.has(row.id);
        box.setAttribute("aria-label", `Select ${row.label}`);
        box.onchange = () => {
          const now = new Set(model.get("picked"));
          box.checked ? now.add(row.id) : now.delete(row.id);
          pick(now);
        };
        cell.append(box);
      }
      line.append(cell);
    }
    for (const column of model.get("columns")) {
      const shown = row.cells[column.key] ?? {};
      const cell = make("td", undefined, [column.name, shown.tone && `voicenb-${shown.tone}`].filter(Boolean).join(" "));
      const cut = column.name?.includes("vn-cut");
      if (shown.title || (cut && shown.text)) cell.title = shown.title || shown.text;
      if (shown.acts) {
        for (const act of shown.acts) {
          const button = make("button", act.text);
          button.type = "button";
          button.dataset.act = act.act;
          button.setAttribute("aria-label", `${act.label ?? act.text}: ${row.label}`);
          button.onclick = () => model.send({ act: act.act, id: row.id });
          cell.append(button);
        }
      } else if (cut || column.name?.includes("vn-long")) {
        const text = make("div", shown.text ?? "");
        text.dir = "auto";
        cell.append(text);
      } else cell.textContent = shown.text ?? "";
      line.append(cell);
    }
    return line;
  }

  function draw() {
    const rows = model.get("rows");
    const held = document.activeElement, at = el.contains(held) && held.closest("tr")?.dataset.id;
    const act = at && (held.dataset.act ? `button[data-act="${held.dataset.act}"]` : "input");
    said.hidden = !model.get("pick");
    if (!rows.length) {
      scroll.replaceChildren(make("div", model.get("empty"), "voicenb-empty"));
      return mark();
    }
    const table = make("table"), top = make("thead"), rest = make("tbody");
    const caption = model.get("label");
    if (caption) table.setAttribute("aria-label", caption);
    top.append(head());
    rest.append(...sorted(rows).map(body));
    table.append(top, rest);
    scroll.replaceChildren(table);
    mark();
    // A row that is drawn again keeps the keyboard's place.
    if (act) el.querySelector(`tr[data-id="${CSS.escape(at)}"] ${act}`)?.focus();
  }

  const events = ["change:rows", "change:columns", "change:empty", "change:pick"];
  const marks = ["change:picked", "change:matching"];
  for (const event of events) model.on(event, draw);
  for (const event of marks) model.on(event, mark);
  draw();
  return () => {
    events.forEach((event) => model.off(event, draw));
    marks.forEach((event) => model.off(event, mark));
  };
}

export default { render };
