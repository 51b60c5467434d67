// Elements, bars, heat maps and a curve: what the views are drawn with. No text is ever read as HTML.

/** An element: h("button", {class: "chip", onclick: f}, "text", child). */
export function h(tag, props = {}, ...children) {
  const svg = ["svg", "path", "line", "circle", "text"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** "x_{t−1}, W^e" with its subscripts and superscripts low and high. */
export function equation(text) {
  return text.split(/([_^](?:\{[^}]*\}|[A-Za-z0-9]))/).map((piece) => {
    if (!/^[_^]/.test(piece)) return piece;
    return h(piece[0] === "_" ? "sub" : "sup", {}, piece.slice(1).replace(/[{}]/g, ""));
  });
}

/** At most three figures: 43.2%, 1.23%, 0.12%, <0.01%. */
export function share(p) {
  if (p > 0.9995) return "100%";
  if (p < 1e-9) return "0%";
  if (p < 0.00005) return "<0.01%";
  return `${(100 * p).toFixed(p >= 0.1 ? 1 : 2)}%`;
}
export const nats = (x) => (Number.isFinite(x) ? x.toFixed(Math.abs(x) < 10 ? 2 : 1) : "∞");

/** One line a name, one bar a distribution: rows of {name, values, before, title, onclick}; `kinds` are their colours. */
export function bars(rows, kinds, { marked } = {}) {
  return h(
    "ul",
    { class: "bars" },
    rows.map(({ name, values, before, title, onclick }) =>
      h(
        "li",
        { class: name === marked ? "marked" : null },
        onclick
          ? h("button", { type: "button", class: "name", onclick, title, "aria-label": `${title}: ${name}` }, name)
          : h("span", { class: "name", title }, name),
        h(
          "div",
          { class: "group" },
          values.map((p, i) =>
            p == null
              ? null
              : h(
                  "div",
                  { class: "line" },
                  h(
                    "div",
                    { class: "track" },
                    p < 1e-9 ? null : h("div", { class: `bar ${kinds[i]}`, style: `width:${100 * p}%` }),
                    before != null && i === 0
                      ? h("div", { class: "bar before", style: `width:${100 * before}%` })
                      : null,
                  ),
                  h("span", { class: "value" }, share(p)),
                ),
          ),
        ),
      ),
    ),
  );
}

export const legend = (entries) =>
  h(
    "p",
    { class: "legend" },
    entries.map(([kind, name]) => h("span", {}, h("i", { class: kind, "aria-hidden": "true" }), name)),
  );

/** A matrix as a picture, a cell a number: blue above 0, orange below, the stronger the larger. Cells tell themselves. */
export function heat(m, { width, height, tell, transposed = false, label, at, onpick }) {
  const [nx, ny] = transposed ? [m.rows, m.cols] : [m.cols, m.rows];
  const value = (x, y) => (transposed ? m.data[x * m.cols + y] : m.data[y * m.cols + x]);
  const scale = m.data.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
  const canvas = h("canvas", { class: "heat", width: nx, height: ny, tabindex: 0, role: "img", "aria-label": label });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d"),
    image = pen.createImageData(nx, ny);
  for (let y = 0; y < ny; y++)
    for (let x = 0; x < nx; x++) {
      const strength = Math.min(1, Math.abs(value(x, y)) / scale),
        colour = value(x, y) < 0 ? [224, 123, 0] : [31, 111, 178];
      image.data.set([...colour, Math.round(255 * strength)], 4 * (y * nx + x));
    }
  pen.putImageData(image, 0, 0);
  const cell = at ?? { x: 0, y: 0 };
  const show = () => tell(cell.x, cell.y, value(cell.x, cell.y));
  const move = (event) => {
    const box = canvas.getBoundingClientRect(),
      inside = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v * n)));
    cell.x = inside((event.clientX - box.left) / box.width, nx);
    cell.y = inside((event.clientY - box.top) / box.height, ny);
    show();
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("click", (event) => {
    move(event);
    onpick?.(cell.x, cell.y);
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    cell.x = Math.max(0, Math.min(nx - 1, cell.x + step[0]));
    cell.y = Math.max(0, Math.min(ny - 1, cell.y + step[1]));
    show();
  });
  return canvas;
}

/** A square map of T tokens, with each row's and column's token beside it. */
export const named = (map, names, size) => {
  if (size / names.length < 11) return map; // no room for a name
  const longest = Math.max(...names.map((name) => name.length)); // a grid's row does not grow with upright text
  const axis = (kind) =>
    h(
      "div",
      {
        class: `axis ${kind}${kind === "columns" && size / names.length < 50 ? " upright" : ""}`,
        "aria-hidden": "true",
        style: `--n:${names.length};--size:${size}px;--longest:${longest}`,
      },
      names.map((name) => h("span", {}, name)),
    );
  return h("div", { class: "named" }, axis("rows"), map, h("i"), axis("columns"));
};

/** Points [[x, y]] as a line over a dashed floor; `stops` are marked on it, `at` is the one looked at. */
export function curve(points, { floor, stops, at, width, names }) {
  const W = width < 500 ? 400 : 640,
    H = 270,
    left = 44,
    bottom = 48,
    right = W - 12;
  const lastX = points.at(-1)[0],
    top = Math.max(...points.map(([, y]) => y));
  const X = (x) => left + ((right - left) * x) / lastX,
    Y = (y) => 24 + (H - 24 - bottom) * (1 - y / top);
  const path = points.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("");
  const heightAt = (x) => points.reduce((a, b) => (Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a))[1];
  const text = (x, y, words, anchor = "end") => h("text", { x, y, "text-anchor": anchor }, words);
  const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, y) => y);
  return h(
    "svg",
    { class: "curve", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": names.curveAlt },
    text(4, 14, names.perToken, "start"),
    text(right, H - 6, names.step),
    ticks.map((y) => [
      h("line", { x1: left, x2: right, y1: Y(y), y2: Y(y), class: "grid" }),
      text(left - 8, Y(y) + 5, String(y)),
    ]),
    text(X(0), H - bottom + 20, "0", "start"),
    text(X(lastX / 2), H - bottom + 20, String(lastX / 2), "middle"),
    text(right, H - bottom + 20, String(lastX)),
    floor != null && [
      h("line", { x1: left, x2: right, y1: Y(floor), y2: Y(floor), class: "floor" }),
      text(right, Y(floor) + 18, names.floor),
    ],
    h("path", { d: path, class: "loss" }),
    stops.map((x) =>
      h("circle", { cx: X(x), cy: Y(heightAt(x)), r: x === at ? 8 : 5, class: x === at ? "now" : "stop" }),
    ),
  );
}
