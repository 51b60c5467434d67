// The page: four views, a language, and a state that stands in the address, so that a link shows one view as it is.

import { forward } from "./gpt.js";
import { tokenizer } from "./tokenizer.js";
import { model } from "./payload.js";
import { world } from "./world.js";
import { h } from "./dom.js";
import { TEXTS } from "./texts.js";
import { nextView } from "./next_view.js";
import { insideView } from "./inside_view.js";
import { tasksView } from "./tasks_view.js";
import { trainingView } from "./training_view.js";

const VIEWS = { next: nextView, inside: insideView, tasks: tasksView, training: trainingView };

/** "#next=Anna took&t=0.7" -> {view: "next", text: "Anna took", t: "0.7"}; for tasks the value is the task. */
export function parse(hash) {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const view = Object.keys(VIEWS).find((name) => found.has(name)) ?? "next";
  const state = { ...Object.fromEntries(found), view, options: found.getAll("option") };
  if (found.has(view)) state[view === "tasks" ? "task" : "text"] = found.get(view);
  return state;
}

/** The other way round: the view first, then what the view keeps. */
export function address(state, fields) {
  const parts = [[state.view, (state.view === "tasks" ? state.task : state.text) ?? ""]];
  for (const name of [...fields, "lang", "bare"])
    if (state[name] != null && state[name] !== "") parts.push([name, state[name]]);
  if (state.view === "tasks" && state.task === "multiple_choice")
    for (const one of state.options) parts.push(["option", one]);
  const whole = (value) => String(value).replace(/\p{Surrogate}/gu, "\ufffd"); // no address holds half a character
  return "#" + parts.map(([name, value]) => `${name}=${encodeURIComponent(whole(value))}`).join("&");
}

/** Show the explorer in `host`; `data` is what payload.py wrote. Returns the app: go(hash) shows another view. */
export function mount(host, data, { style, language = "en", hash = "", onHash, onLanguage }) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const app = {
    data,
    tok: tokenizer(data.tokenizer),
    world: data.world && world(data.world),
    set: (changes) => show({ ...app.state, ...changes }),
    go: (to) => show(parse(to), true),
  };
  const models = new Map(),
    runs = new WeakMap();
  /** A packed model, unpacked once. */
  app.load = (packed) => {
    if (!models.has(packed)) models.set(packed, model(packed));
    return models.get(packed);
  };
  /** One forward pass; a model's last one is kept. */
  app.run = (gpt, ids, masked = true) => {
    const key = [masked, ...ids].join();
    if (runs.get(gpt)?.key !== key) runs.set(gpt, { key, run: forward(gpt, ids, masked) });
    return runs.get(gpt).run;
  };
  const there = Object.keys(VIEWS).filter((name) => VIEWS[name].has(data));
  const views = new Map();
  let shown = null,
    timer = 0,
    turn = 0,
    lastPlace = "";

  function frame(t) {
    const tabs = there.map((name) =>
      h("button", { type: "button", class: "tab", "data-view": name, onclick: () => app.set({ view: name }) }, t[name]),
    );
    const other = h(
      "button",
      { type: "button", class: "language", lang: t.otherLanguage, onclick: () => app.set({ lang: t.otherLanguage }) },
      t.language,
    );
    const body = h("div", { class: "view", tabindex: -1 });
    root.replaceChildren(
      h("style", {}, style),
      h(
        "div",
        { class: "explorer", lang: app.language },
        h("header", {}, h("h1", {}, t.title), h("nav", { "aria-label": t.views }, tabs), other),
        body,
      ),
    );
    views.clear();
    return { tabs, body, box: root.lastChild };
  }

  /** Show a state; `keep` leaves the address as it is, for it is where the state came from. */
  function show(state, keep = false) {
    const view = there.includes(state.view) ? state.view : there[0];
    const now = Object.hasOwn(TEXTS, state.lang ?? "") ? state.lang : (app.language ?? language);
    if (!shown || now !== app.language) {
      app.language = now;
      app.t = TEXTS[now];
      shown = frame(app.t);
      onLanguage?.(now, app.t.title);
    }
    const place = `${view} ${state.task ?? ""} ${now}`,
      focused = label(root.activeElement);
    app.state = { ...state, view };
    if (!views.has(view)) views.set(view, VIEWS[view].build(app));
    const { node, update } = views.get(view);
    if (shown.body.firstChild !== node) shown.body.replaceChildren(node);
    shown.box.classList.toggle("bare", state.bare != null);
    shown.tabs.forEach((tab) => tab.setAttribute("aria-current", tab.dataset.view === view ? "page" : "false"));
    const mine = ++turn; // what was asked for later wins
    app.drawn = update(app.state, () => mine !== turn)
      .catch((error) => fail(node, error))
      .then(() => refocus(focused));
    clearTimeout(timer); // browsers allow a few addresses a second
    const write = () => onHash?.(address(app.state, VIEWS[view].fields), place !== lastPlace && lastPlace !== "");
    if (keep) lastPlace = place;
    else
      timer = setTimeout(() => {
        write();
        lastPlace = place;
      }, 250);
  }

  /** What was drawn anew loses the focus: give it to what has the same name. */
  const label = (e) =>
    e && (e.className === "language" ? "language" : e.id || e.getAttribute("aria-label") || e.textContent);
  function refocus(name) {
    if (!name || root.activeElement) return;
    const all = [...root.querySelectorAll("button, input, textarea, canvas[tabindex]")];
    (all.find((e) => label(e) === name) ?? shown.body).focus({ preventScroll: true });
  }

  function fail(node, error) {
    node.replaceChildren(
      h("p", { class: "note", role: "alert" }, typeof DecompressionStream === "undefined" ? app.t.old : String(error)),
    );
    console.error(error);
  }
  host.app = app;
  show(parse(hash), true);
  return app;
}
