/* The explorer. All numbers were computed before; this file looks them up. The part of the address after # is the
   only state: filters, sorting, reading (one entry per convention that is not at its default), bar and open firm. */
"use strict";
const firms = new Map(DATA.firms.map(firm => [firm.id, firm]));
const byId = id => document.getElementById(id);
const COLUMNS = [
  ["name", "Firm"], ["cluster", "Cluster"], ["year", "Year"], ["label", "Origin"], ["reach", "Reach"],
  ["frame", "In the data as"], ["confidence", "Confidence"],
];
const FILTERS = ["q", "country", "cluster", "label", "period", "frame", "confidence", "changed"];
const CHUNK = 60;
const CONFIDENCE = {high: 0, medium: 1, low: 2};
const plain = word => String(word ?? "").replaceAll("_", " ");
const listed = cell => String(cell ?? "").replaceAll("|", "; ");
let rowsShown = CHUNK, opener = null;

/* ---------- small helpers: an element with text; an address that is a link only if it is http(s) */
function make(tag, content, attributes = {}) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const one of [content].flat()) if (one !== "" && one != null) element.append(one);
  return element;
}
function address(text) {
  if (text === "seed") return make("span", "Conlé and Taube (2010)");
  const found = /^https?:\/\/\S+/i.exec(text);
  return found ? make("a", text, {href: found[0], rel: "noopener noreferrer"}) : make("span", text);
}

/* ---------- state */
const state = () => new URLSearchParams(location.hash.slice(1));
function change(changes, keep = false) {
  const next = state();
  for (const [key, value] of Object.entries(changes)) value ? next.set(key, value) : next.delete(key);
  const hash = "#" + next;
  if (keep) location.hash = hash; else location.replace(hash);
}

/* ---------- readings: where in a list over all combinations of conventions the chosen one stands */
const conventions = new Map(DATA.conventions.map(one => [one.name, one.options.map(option => option.option)]));
function place(order, now) {
  return order.reduce((sum, name) => {
    const options = conventions.get(name);
    return sum * options.length + Math.max(0, options.indexOf(now.get(name)));
  }, 0);
}
function outcome(table, order, id, now) {
  const found = table[id];
  return found && found[0][parseInt(found[1][place(order, now)], 36)];
}
function reading(firm, now) {
  const label = outcome(DATA.labels, DATA.origin_order, firm.id, now) ?? firm.label;
  const reach = outcome(DATA.reach, DATA.reach_order, firm.id, now) ?? firm.reach;
  return {label, reach, changed: label !== firm.label || reach !== firm.reach};
}
function share(property, frame, now) {
  const table = DATA.properties.find(one => one.property === property).frames[frame];
  const values = table.shares[table.which[place(table.conventions, now)]];
  const [count, n, unknown, value, low, high, bound_low, bound_high] = values;
  return {count, n, unknown, value, low, high, bound_low, bound_high};
}
const percent = value => value == null ? "undefined" : `${(100 * value).toFixed(0)} %`;

function showReading(now) {
  const chosen = DATA.conventions.filter(one => (conventions.get(one.name).indexOf(now.get(one.name))) > 0);
  byId("reading").textContent = chosen.length
    ? "Not the default: " + chosen.map(one => `${plain(one.name)} = ${plain(now.get(one.name))}`).join("; ") + "."
    : "The default reading, as in the register of results.";
  for (const select of byId("conventions").querySelectorAll("select")) {
    const options = conventions.get(select.name);
    select.value = options[Math.max(0, options.indexOf(now.get(select.name)))];
    const option = DATA.conventions.find(one => one.name === select.name).options.find(one => one.option === select.value);
    select.title = option.meaning;
    select.nextElementSibling.textContent = option.meaning;
    select.parentElement.classList.toggle("moved", select.value !== options[0]);
  }
  const rows = DATA.properties.map(({property, label}) => make("tr", [
    make("th", label, {scope: "row"}),
    ...DATA.default_frames.map(frame => {
      const here = share(property, frame, now), usual = share(property, frame, new URLSearchParams());
      const moved = here.value !== usual.value || here.n !== usual.n;
      const ends = here.n ? `, ${(100 * here.low).toFixed(0)}–${percent(here.high)}` : "";
      const words = `${here.count} of ${here.n}${ends}`;
      const cell = make("td", [make("strong", percent(here.value)), make("span", words, {class: "under"})],
        {"data-share": `${property} ${frame}`, "data-value": here.value ?? ""});
      if (moved) cell.append(make("span", `◆ default ${percent(usual.value)}`, {class: "under moved"}));
      return cell;
    }),
  ]));
  byId("shares").tBodies[0].replaceChildren(...rows);
}

/* ---------- the table of firms */
const searchable = new Map(DATA.firms.map(firm => [firm.id, [
  firm.en, firm.zh, firm.other, firm.city, firm.admin, firm.cluster, firm.founders, firm.id,
].flat().join(" ").toLowerCase()]));
function fits(firm, now, read, bar) {
  if (bar && !bar.has(firm.id)) return false;
  const words = (now.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every(word => searchable.get(firm.id).includes(word))) return false;
  if (now.get("changed") && !read.changed) return false;
  const cells = {...firm, label: read.label, confidence: firm.confidence ?? "none", cluster: firm.cluster ?? "unknown"};
  return FILTERS.slice(1, -1).every(key => {
    const wanted = now.get(key);
    return !wanted || (key === "frame" ? firm.frames.includes(wanted) : cells[key] === wanted);
  });
}
function order(key, firm, read) {
  return {
    name: firm.en ?? firm.zh, cluster: firm.cluster, year: firm.year, label: Object.keys(DATA.origins).indexOf(read.label),
    reach: read.reach, frame: firm.frame, confidence: CONFIDENCE[firm.confidence],
  }[key];
}
function row(firm, read) {
  const link = make("a", firm.en ?? firm.zh, {href: "#", "data-firm": firm.id});
  const origin = [make("span", "", {class: `swatch o-${read.label}`}), DATA.origins[read.label]];
  const mark = what => read[what] === firm[what] ? "" : make("span", `◆ was ${what === "label" ? DATA.origins[firm.label] : firm.reach}`, {class: "under moved"});
  return make("tr", [
    make("th", [link, firm.en && firm.zh ? make("span", firm.zh, {class: "under", lang: "zh"}) : ""], {scope: "row"}),
    make("td", firm.cluster ?? "unknown"), make("td", firm.year ?? "unknown", {class: "number"}),
    make("td", [...origin, mark("label")]), make("td", [plain(read.reach), mark("reach")]),
    make("td", plain(firm.frame)), make("td", firm.confidence ?? "none"),
  ], read.changed ? {class: "changed"} : {});
}
function showFirms(now) {
  const wanted = now.get("bar") ?? "";
  const bar = Object.hasOwn(DATA.bars, wanted) ? DATA.bars[wanted] : undefined;
  const inside = bar && new Set(bar[1]);
  const readings = new Map(DATA.firms.map(firm => [firm, reading(firm, now)]));
  const found = DATA.firms.filter(firm => fits(firm, now, readings.get(firm), inside));
  const sorted = now.get("sort"), key = COLUMNS.some(([one]) => one === sorted) && sorted, down = now.get("down") ? -1 : 1;
  if (key) found.sort((a, b) => {
    const [x, y] = [order(key, a, readings.get(a)), order(key, b, readings.get(b))];
    if (x == null || y == null) return (x == null) - (y == null);
    return down * (typeof x === "number" ? x - y : x.localeCompare(y, "en"));
  });
  const changed = found.filter(firm => readings.get(firm).changed).length;
  byId("count").textContent = `${found.length} of ${DATA.firms.length} firms` +
    (changed ? `, ${changed} of them changed by the conventions chosen` : "") + ".";
  byId("table").tBodies[0].replaceChildren(...found.slice(0, rowsShown).map(firm => row(firm, readings.get(firm))));
  const left = found.length - rowsShown;
  byId("more").hidden = left <= 0;
  byId("more").textContent = `Show all ${found.length}`;
  byId("chosen").hidden = !bar;
  if (bar) byId("chosen").replaceChildren(`Bar: ${bar[0]} (${bar[1].length} firms) `, make("a", "Remove", {href: "#", "data-clear": "bar"}));
  for (const head of byId("table").tHead.rows[0].cells) {
    head.removeAttribute("aria-sort");
    if (head.dataset.key === key) head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
  }
  for (const control of byId("filters").elements) {
    if (control.type === "checkbox") control.checked = Boolean(now.get(control.name));
    else if (control.name && document.activeElement !== control) control.value = now.get(control.name) ?? "";
  }
}

/* ---------- one firm */
function facts(pairs) {
  const list = make("dl", []);
  for (const [term, value] of pairs) {
    const parts = [value].flat().filter(one => one != null && one !== "");
    if (parts.length) list.append(make("dt", term), make("dd", parts.flatMap((one, at) => at ? ["; ", one] : [one])));
  }
  return list;
}
function ruleWords(rule) {
  const known = DATA.rules[rule];
  return rule && known ? `${plain(rule)}: ${known[0]}${known[1] ? ` (${known[1]})` : ""}` : plain(rule);
}
function list(rows) {
  return make("ul", rows.map(one => make("li", one)));
}
function firmLink(name, id) {
  return firms.has(id) ? make("a", name, {href: "#", "data-firm": id}) : name;
}
function firmParts(firm, now) {
  const read = reading(firm, now);
  const years = firm.year && firm.low !== firm.high ? `${firm.year} (coders: ${firm.low} to ${firm.high})` : firm.year;
  const seat = [...new Set([firm.city, firm.admin, firm.country])].filter(Boolean).join(", ");
  const parts = [
    facts([
      ["Other names", firm.other], ["Place", seat], ["Cluster", firm.cluster], ["Year of entry", years],
      ["Founded", firm.founded === firm.year ? "" : firm.founded], ["Frames", firm.frames.map(one => DATA.frames[one])],
      ["Confidence", firm.confidence ?? "none: only a list names it"], ["Products", listed(firm.products)],
      ["Founders", listed(firm.founders)], ["Investors", listed(firm.investors)], ["Foreign partner", listed(firm.partner)],
      ["Predecessor", listed(firm.predecessor)], ["Ownership at entry", plain(firm.ownership)],
    ]),
    make("h3", "Origin"),
    facts([
      ["Origin", DATA.origins[firm.label]], ["Mode and source", `${plain(firm.mode)}; ${plain(firm.source)}`],
      ["Reach of the source", plain(firm.reach) + (firm.basis ? ` (by ${plain(firm.basis)})` : "")],
      ["Rule that decided", ruleWords(firm.rule)], ["Runner-up", ruleWords(firm.runner)],
      ["Evidence used", plain(firm.used)], ["Label of the coder", firm.coder_label && `${DATA.origins[firm.coder_label]} (${firm.coder})` +
        (firm.agrees === "no" ? ": not the one of the rules" : "")],
      ["Flags", Object.entries(firm.flags).map(([flag, value]) => `${plain(flag)}: ${value}`)],
      ["Serial founders", firm.serial_person], ["Serial organisations", firm.serial_organisation],
    ]),
  ];
  if (read.changed) parts.push(make("p", `◆ In the reading chosen: ${DATA.origins[read.label]}, source ${plain(read.reach)}.`, {class: "notice"}));
  if (firm.sources) parts.push(make("h3", "Who stood behind it"), list(firm.sources.map(([role, organisation, type, city, country, timing]) =>
    `${role}: ${[organisation, plain(type), city, country].filter(Boolean).join(", ") || "not named"}${timing === "later" ? " (later: does not count)" : ""}`)));
  if (firm.ties) parts.push(make("h3", "Ties"), list(firm.ties.map(([other, id, kinds, way, year, kind, paper, city]) => [
    `${way} `, firmLink(other, id), `${city ? `, ${city}` : ""}: ${kinds}${year ? ` ${year}` : ""} (${kind}${paper === "yes" ? ", stated in the paper" : ""})`])));
  if (firm.conflicts) parts.push(make("h3", "Coders contradict each other"), list(firm.conflicts.map(([column, value, coder, chosen]) =>
    `${plain(column)}: ${plain(value)} (${coder}${chosen === "yes" ? ", taken" : ""})`)));
  if (firm.said) parts.push(make("h3", "What coders and lists say"), ...firm.said.map(([coder, name, words, label, confidence, urls]) => make("div", [
    make("p", [make("strong", plain(coder)), `: ${name}. ${words} `,
      label ? make("span", `Label: ${DATA.origins[label]}; confidence ${confidence}.`, {class: "small"}) : ""]),
    urls ? make("ul", urls.split("|").map(one => make("li", address(one.trim()))), {class: "urls"}) : ""])));
  return parts;
}
function showFirm(now) {
  const dialog = byId("firm"), firm = firms.get(now.get("firm"));
  if (!firm) { if (dialog.open) dialog.close(); return; }
  const close = make("button", "Close", {type: "button", class: "close"});
  close.addEventListener("click", () => dialog.close());
  const name = make("h2", firm.en ?? firm.zh, {id: "firm-name", tabindex: "-1"});
  const chinese = firm.en && firm.zh ? make("p", firm.zh, {lang: "zh", class: "chinese"}) : "";
  dialog.replaceChildren(make("div", [close, name, chinese, ...firmParts(firm, now)]));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  name.focus();
}

/* ---------- set up */
function fillControls() {
  const clusters = [...new Set(DATA.firms.map(firm => firm.cluster ?? "unknown"))].sort((a, b) => a.localeCompare(b, "en"));
  for (const one of clusters) byId("filters").elements.cluster.add(new Option(one, one));
  byId("conventions").append(...DATA.conventions.map(one => make("label", [
    plain(one.name),
    make("select", one.options.map((option, at) => make("option", plain(option.option) + (at ? "" : " (default)"), {value: option.option})), {name: one.name}),
    make("span", "", {class: "small"}),
  ], {class: "field"})), make("button", "Back to the default", {type: "reset"}));
  byId("shares").tHead.append(make("tr", ["Entries that are", ...DATA.default_frames.map(frame => DATA.frames[frame])]
    .map(words => make("th", words, {scope: "col"}))));
  byId("table").tHead.append(make("tr", COLUMNS.map(([key, words]) => make("th", make("button", words, {type: "button", "data-sort": key}), {scope: "col", "data-key": key}))));
}
let before = null;
function show() {
  const now = state(), rest = new URLSearchParams(now);
  rest.delete("firm");
  if (rest.toString() !== before) {
    const bar = now.get("bar");
    if (bar) rowsShown = Infinity;
    showReading(now);
    showFirms(now);
    if (bar && bar !== new URLSearchParams(before ?? "").get("bar")) byId("firms").focus();
    before = rest.toString();
  }
  showFirm(now);
}
fillControls();
const first = state();
byId("bars").open = first.has("bars");
byId("readings").open = innerWidth > 800 && !first.has("bars") && !first.has("bar") || [...conventions.keys()].some(name => first.has(name));
byId("filters").addEventListener("input", event => { rowsShown = CHUNK; change({[event.target.name]: event.target.type === "checkbox" ? event.target.checked && "yes" : event.target.value}); });
byId("filters").addEventListener("submit", event => event.preventDefault());
byId("filters").addEventListener("reset", event => {
  event.preventDefault();
  document.activeElement.blur();
  change(Object.fromEntries([...FILTERS, "bar"].map(key => [key, ""])));
});
byId("conventions").addEventListener("input", event => change({[event.target.name]: event.target.selectedIndex ? event.target.value : ""}));
byId("conventions").addEventListener("reset", event => { event.preventDefault(); change(Object.fromEntries([...conventions.keys()].map(key => [key, ""]))); });
byId("more").addEventListener("click", () => { rowsShown = Infinity; showFirms(state()); });
byId("firm").addEventListener("close", () => { change({firm: ""}); if (opener?.isConnected) opener.focus(); });
document.addEventListener("click", event => {
  const {firm, sort, clear} = event.target.closest("[data-firm], [data-sort], [data-clear]")?.dataset ?? {};
  const bar = event.target.closest("#bars a[href^='#']");
  if (bar) {  // a bar shows exactly its firms: other filters go, the reading stays
    event.preventDefault();
    change({...Object.fromEntries(FILTERS.map(key => [key, ""])), bar: new URLSearchParams(bar.hash.slice(1)).get("bar")}, true);
  }
  if (firm || clear) event.preventDefault();
  if (firm) { if (!byId("firm").open) opener = event.target; change({firm}, true); }
  if (clear) change({[clear]: ""});
  if (sort) change(state().get("sort") === sort ? {down: state().get("down") ? "" : "yes"} : {sort, down: ""});
});
addEventListener("hashchange", show);
show();
