/* Makes tables with data-tools sortable, searchable and filterable. Without it they are plain tables. */
"use strict";
for (const table of document.querySelectorAll("table[data-tools]")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const value = (row, at) => row.cells[at].dataset.sort ?? row.cells[at].textContent.trim();
  const form = document.createElement("form");
  form.className = "fields";
  form.setAttribute("role", "search");
  form.addEventListener("submit", event => event.preventDefault());
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const field = (words, control) => {
    const label = document.createElement("label");
    label.className = "field";
    label.append(words, control);
    form.append(label);
    return control;
  };
  const search = field(table.dataset.tools, Object.assign(document.createElement("input"), {type: "search"}));
  search.parentElement.classList.add("grow");
  const selects = heads.map((head, at) => {
    if (!head.dataset.filter) return null;
    const select = field(head.dataset.filter, document.createElement("select"));
    select.add(new Option("all", ""));
    const found = [...new Set(rows.map(row => value(row, at)))];
    for (const one of found.sort((a, b) => a.localeCompare(b, "en", {numeric: true}))) select.add(new Option(one, one));
    return select;
  });
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every(word => text.includes(word)) &&
        selects.every((select, at) => !select || !select.value || value(row, at) === select.value);
      row.hidden = !fits;
      shown += fits;
    }
    status.textContent = `${shown} of ${rows.length} rows`;
  };
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
      const number = head.dataset.type === "number";
      const compare = (a, b) => number ? Number(a) - Number(b) : a.localeCompare(b, "en", {numeric: true});
      const blank = row => value(row, at) === "";
      rows.sort((a, b) => blank(a) - blank(b) || down * compare(value(a, at), value(b, at)));
      body.append(...rows);
    });
  });
  form.addEventListener("input", show);
  table.parentElement.before(form, status);
  show();
  let wanted = null;
  try { wanted = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* no name of anything */ }
  if (wanted) wanted.scrollIntoView({block: "center"});
}
