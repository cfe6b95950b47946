// @ts-check
/** @typedef {import("./page-data.ts").PageData} PageData */
/** @typedef {PageData["divergences"][number]} Divergence */
/** @typedef {NonNullable<Divergence["triage"]>} Triage */
/** @typedef {NonNullable<Triage["step"]>} Step */

const ROW_HEIGHT = 28;
/** Filters as the address has them: `#list?shard=0x1&class=…`. A divergence is `#d/<id>`. */
const FILTER_NAMES = /** @type {const} */ (["shard", "class", "field", "from", "to", "text"]);

/** @type {PageData} */
const data = JSON.parse(element("data").textContent ?? "");
/** What the list is narrowed to; a divergence's own page keeps it. */
let wanted = new URLSearchParams();
let shown = data.divergences;

addTheme();
if (data.divergences.length > 0) {
  addStrip();
  addFilters();
  element("list").addEventListener("scroll", drawRows);
  window.addEventListener("resize", drawRows);
  window.addEventListener("hashchange", route);
  window.addEventListener("keydown", turn);
  route();
}

function route() {
  const [page, id] = location.hash.slice(1).split("/");
  const divergence = page === "d" ? data.divergences.find((item) => encodeURIComponent(item.id) === id) : undefined;
  element("overview").hidden = divergence !== undefined;
  element("detail").hidden = divergence === undefined;
  if (divergence !== undefined) {
    showDetail(divergence);
    window.scrollTo(0, 0);
  } else showList();
}

/**
 * The arrow keys go from one divergence to the next, as the list has them.
 * @param {KeyboardEvent} event
 */
function turn({ key, altKey, ctrlKey, metaKey, target }) {
  if (element("detail").hidden || altKey || ctrlKey || metaKey || target instanceof HTMLInputElement) return;
  if (key === "Escape") location.hash = `#list?${wanted}`;
  if (key !== "ArrowLeft" && key !== "ArrowRight") return;
  const at = shown.findIndex(({ id }) => location.hash === `#d/${encodeURIComponent(id)}`);
  const next = shown[at + (key === "ArrowLeft" ? -1 : 1)];
  if (at >= 0 && next !== undefined) location.hash = `#d/${encodeURIComponent(next.id)}`;
}

function showList() {
  wanted = new URLSearchParams(location.hash.startsWith("#list?") ? location.hash.slice("#list?".length) : "");
  for (const name of FILTER_NAMES) {
    const input = document.querySelector(`#filters [name="${name}"]`);
    if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement) input.value = wanted.get(name) ?? "";
  }
  shown = data.divergences.filter(isWanted);
  element("shown").textContent = `${shown.length} of ${data.divergences.length}`;
  element("rows").style.height = `${shown.length * ROW_HEIGHT}px`;
  drawRows();
}

/** @param {Divergence} divergence */
function isWanted(divergence) {
  const [shard, name, field] = [wanted.get("shard"), wanted.get("class"), wanted.get("field")];
  const [from, to, text] = [wanted.get("from"), wanted.get("to"), wanted.get("text")?.toLowerCase()];
  if (shard && (divergence.shard || "root") !== shard) return false;
  if (name && divergence.class !== name) return false;
  if (field && !divergence.fields.includes(field)) return false;
  if (from && (divergence.root ?? Number.POSITIVE_INFINITY) < Number(from)) return false;
  if (to && (divergence.root ?? Number.POSITIVE_INFINITY) > Number(to)) return false;
  if (!text) return true;
  return searchText(divergence).includes(text);
}

/**
 * Place, hash, class and cause, and the transactions, accounts and shards that were found to differ.
 * @param {Divergence} divergence
 */
function searchText({ place, title, hash, class: name, triage }) {
  const found =
    triage === null
      ? []
      : [
          triage.attribution.explanation,
          triage.unit?.hash ?? "",
          triage.step?.contract ?? "",
          ...triage.state.differences.map(({ address, addressHash }) => address ?? addressHash),
          ...(triage.deposits ?? []).map(({ txHash }) => txHash),
        ];
  return [place, title, hash, name, ...found].join(" ").toLowerCase();
}

/** Only the rows in sight exist: there may be ten thousand. */
function drawRows() {
  const list = element("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_HEIGHT) - 5);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_HEIGHT) + 5);
  element("rows").replaceChildren(
    ...shown.slice(first, last).map((divergence, i) => {
      const row = make("a", divergence.allowed === null ? "" : "allowed", [
        make("span", "place", divergence.place),
        make("span", "title", divergence.title),
        make("span", "class", divergence.class),
      ]);
      row.setAttribute("href", `#d/${encodeURIComponent(divergence.id)}`);
      row.style.top = `${(first + i) * ROW_HEIGHT}px`;
      return row;
    }),
  );
}

function addStrip() {
  const { spans, rows } = data.strip;
  if (spans.length === 0) return;
  const most = Math.max(...rows.flatMap(({ counts }) => counts));
  element("strip").replaceChildren(
    ...rows.map(({ shard, counts }) =>
      make("div", "strip-row", [
        make("span", "", shard || "root chain"),
        ...counts.map((count, i) => {
          const span = i < spans.length ? spans[i] : undefined;
          const where = span === undefined ? "unconfirmed" : `root blocks ${span.from}..${span.to}`;
          const cell = make("button", "", "");
          cell.title = `${shard || "root chain"}, ${where}: ${count} differ`;
          cell.setAttribute("aria-label", cell.title);
          cell.tabIndex = -1;
          cell.dataset.heat = `${count === 0 ? 0 : Math.ceil((3 * count) / most)}`;
          cell.addEventListener("click", () => {
            const place = new URLSearchParams({ shard: shard || "root" });
            if (span !== undefined) place.set("from", `${span.from}`);
            if (span !== undefined) place.set("to", `${span.to}`);
            location.hash = `#list?${place}`;
          });
          return cell;
        }),
      ]),
    ),
  );
  element("strip").addEventListener("keydown", moveInStrip);
  const first = element("strip").querySelector("button");
  if (first !== null) first.tabIndex = 0;
  element("strip-section").hidden = false;
}

/**
 * The heat map is one stop of the tab key; the arrow keys move in it.
 * @param {KeyboardEvent} event
 */
function moveInStrip(event) {
  const rows = [...element("strip").children].map((row) => [...row.querySelectorAll("button")]);
  const y = rows.findIndex((cells) => cells.some((cell) => cell === document.activeElement));
  const x = y < 0 ? -1 : rows[y].findIndex((cell) => cell === document.activeElement);
  const steps = /** @type {Record<string, readonly [number, number]>} */ ({
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  });
  const step = steps[event.key];
  const next = step === undefined || x < 0 ? undefined : rows[y + step[0]]?.[x + step[1]];
  if (next === undefined) return;
  event.preventDefault();
  rows[y][x].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function addFilters() {
  const form = element("filters");
  const values = (/** @type {(divergence: Divergence) => readonly string[]} */ of) =>
    [...new Set(data.divergences.flatMap(of))].filter((value) => value !== "").sort();
  form.append(
    choice(
      "shard",
      "every shard",
      values(({ shard }) => [shard || "root"]),
    ),
    choice(
      "class",
      "every class",
      values((divergence) => [divergence.class]),
    ),
    choice(
      "field",
      "every field",
      values(({ fields }) => fields),
    ),
    field("from", "from root block", "number"),
    field("to", "to root block", "number"),
    field("text", "search", "search"),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const chosen = new URLSearchParams();
    for (const input of form.querySelectorAll("input, select")) {
      const { name, value } = /** @type {HTMLInputElement} */ (input);
      if (value !== "") chosen.set(name, value);
    }
    history.replaceState(null, "", `#list?${chosen}`);
    element("list").scrollTop = 0;
    showList();
  });
  element("list-section").hidden = false;
}

/**
 * @param {string} name
 * @param {string} everything
 * @param {readonly string[]} values
 */
function choice(name, everything, values) {
  const select = document.createElement("select");
  select.name = name;
  select.setAttribute("aria-label", name);
  select.append(new Option(everything, ""), ...values.map((value) => new Option(value, value)));
  return select;
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} type
 */
function field(name, label, type) {
  const input = document.createElement("input");
  Object.assign(input, { name, type, placeholder: label });
  input.setAttribute("aria-label", label);
  return input;
}

/** @param {Divergence} divergence */
function showDetail(divergence) {
  const { triage } = divergence;
  const at = shown.indexOf(divergence);
  element("detail").replaceChildren(
    make("nav", "", [link("← all", `#list?${wanted}`), ...neighbours(at)]),
    make("h2", "", `${divergence.place}: ${divergence.title}`),
    facts([
      ["hash", divergence.hash],
      ["root block", divergence.root === null ? "not confirmed yet" : `${divergence.root}`],
      ["class", divergence.class],
      ...(divergence.allowed === null ? [] : [/** @type {[string, string]} */ (["allowed", divergence.allowed])]),
      ...(triage === null ? [] : triageFacts(triage)),
    ]),
    ...section(
      "Rules it breaks",
      divergence.violations.map(({ code, message }) => make("p", "", `${code}: ${message}`)),
    ),
    ...section("Declared and computed", divergence.patch === "" ? [] : [diff(divergence.patch)]),
    ...(triage === null ? [] : triageSections(triage)),
    ...section("Show it again", [command(divergence.command)]),
  );
}

/** @param {number} at */
function neighbours(at) {
  const to = (/** @type {number} */ i, /** @type {string} */ text) =>
    shown[i] === undefined ? [] : [link(text, `#d/${encodeURIComponent(shown[i].id)}`)];
  if (at < 0) return [];
  return [...to(at - 1, "previous"), make("span", "", `${at + 1} of ${shown.length}`), ...to(at + 1, "next")];
}

/**
 * @param {Triage} triage
 * @returns {[string, string][]}
 */
function triageFacts({ unit, attribution }) {
  return [
    ["cause", attribution.explanation],
    ...(unit === null ? [] : [/** @type {[string, string]} */ (["first in", unitText(unit)])]),
  ];
}

/** @param {{ kind: string, index: number, hash: string | null }} unit */
function unitText({ kind, index, hash }) {
  if (kind === "cursor") return "the block's cursor of deposits";
  return kind === "reward" ? "the block's own payments" : `${kind} ${index}${hash === null ? "" : ` (${hash})`}`;
}

/** @param {Triage} triage */
function triageSections(triage) {
  const { receipt, receiptPatch, state, statePatch, depositPatches, coinbasePatches, step, reproducer, attribution } =
    triage;
  const { callsPatch, callsGas, cursorText, stakingText } = triage;
  const omitted = state.omitted === 0 ? [] : [make("p", "", `… and ${state.omitted} more entries`)];
  const absent = state.compared ? [] : [make("p", "", "The declared state is not in the database.")];
  return [
    ...(receipt === null ? [] : section(`Receipt ${receipt.index}`, [diff(receiptPatch)])),
    ...section("State", [...(statePatch === "" ? [] : [diff(statePatch)]), ...omitted, ...absent]),
    ...section("Deposits sent to other shards", depositPatches.map(diff)),
    ...section("What the miner gets", coinbasePatches.map(diff)),
    ...section("How the cursor moved", cursorText === "" ? [] : [make("pre", "", cursorText)]),
    ...section("Locked stakes", stakingText === "" ? [] : [make("pre", "", stakingText)]),
    ...section("Hypotheses", (attribution.hypotheses ?? []).map(hypothesis)),
    ...(step === null ? [] : section("First step that differs", stepViews(step))),
    ...section("Calls", callsPatch === "" ? [] : [diff(callsPatch), make("pre", "diff", callsGas)]),
    ...section(
      "Reproducer",
      reproducer === null ? [] : [link(reproducer, reproducer), command(`qkc reproduce ${reproducer}`)],
    ),
  ];
}

/** @param {NonNullable<Triage["attribution"]["hypotheses"]>[number]} told */
function hypothesis({ says, explains, of, spares, refutedBy }) {
  const stood = `explains ${explains} of ${of} differing blocks, leaves ${spares} matching ones as they are`;
  return make("p", "", [make("strong", "", `as if ${says}`), ` — ${stood}; refuted by ${refutedBy}`]);
}

/** @param {Step} step */
function stepViews(step) {
  const { reference, tested, what, contract, callPath, context, referenceStep, testedStep, code, traces } = step;
  return [
    facts([
      ["differs in", what],
      ["in", unitText(step.unit)],
      ...(contract === null ? [] : [/** @type {[string, string]} */ (["contract", contract])]),
      ["call path", callPath.join(" → ")],
    ]),
    make("div", "trace", [
      trace(reference, context.reference, referenceStep),
      trace(tested, context.tested, testedStep),
    ]),
    make(
      "pre",
      "code",
      code.map(({ pc, text, here }) =>
        make("div", here ? "here" : "", `0x${pc.toString(16).padStart(4, "0")}  ${text}`),
      ),
    ),
    ...(traces === null
      ? []
      : [make("p", "", [link(traces.reference, traces.reference), " · ", link(traces.tested, traces.tested)])]),
  ];
}

/**
 * @param {string} name
 * @param {Step["context"]["reference"]} steps
 * @param {Step["referenceStep"]} here
 */
function trace(name, steps, here) {
  const heads = ["step", "pc", "opcode", "gas", "cost", "depth", "stack (top last)"];
  const rows = steps.map(({ step, pc, opcode, gas, gasCost, depth, stack }) => {
    const cells = [step, `0x${pc.toString(16)}`, opcode, gas, gasCost ?? "", depth].map((value) =>
      make("td", "", `${value}`),
    );
    const words = make("td", "stack", stack.slice(-4).join(" "));
    words.title = stack.join("\n");
    return make("tr", here !== null && step === here.step ? "here" : "", [...cells, words]);
  });
  const head = make("thead", "", [
    make(
      "tr",
      "",
      heads.map((text) => make("th", "", text)),
    ),
  ]);
  return make("div", "", [make("strong", "", name), make("table", "", [head, make("tbody", "", rows)])]);
}

/** @param {string} patch */
function diff(patch) {
  const kinds = /** @type {const} */ ({ "+": "add", "-": "del", "@": "hunk" });
  const lines = patch.trimEnd().split("\n");
  return make(
    "pre",
    "diff",
    lines.map((line) => make("div", kinds[/** @type {"+"} */ (line[0])] ?? "", line)),
  );
}

/** @param {string} text */
function command(text) {
  const button = make("button", "", "copy");
  button.addEventListener("click", () => navigator.clipboard?.writeText(text));
  return make("div", "command", [make("pre", "", text), button]);
}

/** @param {readonly [string, string][]} rows */
function facts(rows) {
  return make(
    "dl",
    "",
    rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]),
  );
}

/**
 * @param {string} title
 * @param {readonly HTMLElement[]} content
 */
function section(title, content) {
  return content.length === 0 ? [] : [make("h2", "", title), ...content];
}

/**
 * @param {string} text
 * @param {string} target
 */
function link(text, target) {
  const anchor = make("a", "", text);
  anchor.setAttribute("href", target);
  return anchor;
}

/**
 * Text goes in as text, whatever it contains.
 * @param {string} tag
 * @param {string} className
 * @param {string | readonly (HTMLElement | string)[]} content
 * @returns {HTMLElement}
 */
function make(tag, className, content) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...(typeof content === "string" ? [content] : content));
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

/** Follows the system until the reader chooses. */
function addTheme() {
  element("theme").addEventListener("click", () => {
    const isSystemDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (isSystemDark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  });
}
