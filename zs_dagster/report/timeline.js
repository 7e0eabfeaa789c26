// The timeline below a video: rows of segments, curves, a playhead. Draws, knows no page.
// Data only ever becomes text nodes or attribute values, never markup.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const ROW = { gap: 5, pad: 3, truth: 8, lane: 7, least: 22 };
const PANEL = { gap: 14, yes: 84, clip: 52 };
const AXIS = 20;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const TOPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const html = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

function clockText(seconds, decimals = 1) {
  const rounded = Number(seconds.toFixed(decimals));
  if (rounded < 60) return `${seconds.toFixed(decimals)} s`;
  const pad = (value, digits = 0) =>
    value.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60];
  const rest = pad(rounded % 60, decimals);
  return hours ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function range(values) {
  const known = values.filter((value) => value !== null);
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  return [low, known.reduce((a, b) => Math.max(a, b), -Infinity)];
}

function tiou(a, b) {
  const overlap = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
  const union = a.end - a.start + (b.end - b.start) - overlap;
  return union > 0 ? overlap / union : 0;
}

// Rows in the order of the labels (true classes first, then by best prediction); inside a
// row the best prediction takes the first lane it fits in, so alternatives stack below it.
function layout(labels, truth, predictions) {
  const rows = new Map();
  for (const span of [...truth, ...predictions]) {
    if (!rows.has(span.label)) rows.set(span.label, { spans: [], lanes: [] });
    rows.get(span.label).spans.push(span);
  }
  const lanes = rows.size > 12 ? 2 : 4;
  let y = 0;
  for (const [index, row] of rows) {
    const base = y + ROW.pad + (truth.length ? ROW.truth + 2 : 0);
    for (const span of row.spans) {
      span.y = span.rank ? base + lane(row.lanes, span, lanes) * ROW.lane : y + ROW.pad;
      span.height = span.rank ? ROW.lane - 1 : ROW.truth;
    }
    const needed = base - y + row.lanes.length * ROW.lane + ROW.pad;
    const spare = Math.max(0, ROW.least - needed);
    for (const span of row.spans) span.y += spare / 2;
    Object.assign(row, { y, label: labels[index], height: needed + spare });
    y += row.height + ROW.gap;
  }
  return { rows: [...rows.values()], height: y };
}

function lane(lanes, span, most) {
  const free = (taken) => taken.every((s) => span.end <= s.start || span.start >= s.end);
  let index = lanes.findIndex(free);
  if (index < 0) index = Math.min(lanes.length, most - 1);
  (lanes[index] ??= []).push(span);
  return index;
}

class Timeline {
  constructor(data, clock, tooltip) {
    Object.assign(this, { data, clock, tooltip, zoom: 1, width: 0 });
    const span = ([label, start, end, score], i) => ({ label, start, end, score, rank: i + 1 });
    this.truth = data.truth.map((row) => ({ ...span(row), score: null, rank: 0 }));
    this.predictions = data.predictions.map(span);
    this.length = data.length || 1;
    this.scores = range(this.predictions.map((p) => p.score));
    this.threshold = this.predictions[data.shown - 1]?.score ?? 0;
    this.curves = data.curves[data.leading];
    this.gutter = html("div", { class: "gutter" });
    this.plot = html("div", { class: "plot", tabindex: 0, role: "slider",
      "aria-label": "position in the video, seconds", "aria-valuemin": 0,
      "aria-valuemax": this.length.toFixed(1) });
    this.element = html("div", { class: "timeline" }, this.gutter, this.plot);
    this.listen();
  }

  listen() {
    new ResizeObserver(() => this.plot.clientWidth !== this.width && this.draw()).observe(this.plot);
    this.plot.addEventListener("click", (event) => this.clock.seek(this.at(event).time));
    this.plot.addEventListener("pointermove", (event) => this.hover(event));
    this.plot.addEventListener("pointerleave", () => { this.tooltip.hidden = true; });
    this.plot.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.clock.seek(this.clock.now() + steps[event.key]);
    });
    this.clock.listen(() => this.tick());
  }

  x(time) { return (time / this.length) * this.scale; }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, time: Math.min(this.length, Math.max(0, (x / this.scale) * this.length)) };
  }

  draw() {
    this.width = this.plot.clientWidth;
    this.scale = Math.max(1, this.width * this.zoom - 1);
    this.visible = this.predictions.filter((p) => p.score >= this.threshold);
    const { rows, height } = layout(this.data.labels, this.truth, this.visible);
    this.rowsHeight = height;
    const total = height + this.panelsHeight() + AXIS;
    this.canvas = svg("svg", { width: this.scale + 1, height: total });
    this.head = svg("line", { class: "playhead", y1: 0, y2: total - AXIS });
    this.gutter.replaceChildren();
    this.drawRows(rows);
    this.drawAxis(total);
    this.drawSpans();
    if (this.curves) this.drawCurves(height + PANEL.gap);
    this.canvas.append(this.head);
    this.plot.replaceChildren(this.canvas);
    this.tick();
  }

  panelsHeight() {
    if (!this.curves) return 0;
    return (this.hasYes() ? PANEL.yes + PANEL.gap : 0)
      + (this.curves.actionness.length ? PANEL.clip + PANEL.gap : 0);
  }

  hasYes() { return this.curves.start.length + this.curves.end.length > 0; }

  drawRows(rows) {
    for (const row of rows) {
      this.canvas.append(svg("rect", { class: "row", y: row.y, width: this.scale, height: row.height }));
      this.say(row.label, row.y + row.height / 2 - 8);
    }
  }

  say(text, top, kind = "") {
    const label = html("div", { class: kind, title: text }, text);
    label.style.top = `${top}px`;
    this.gutter.append(label);
  }

  drawAxis(total) {
    const step = STEPS.find((s) => this.x(s) >= 70) ?? STEPS.at(-1);
    for (let i = 0; i * step <= this.length + 1e-6; i++) {
      const [time, x] = [i * step, Math.round(this.x(i * step)) + 0.5];
      const anchor = i === 0 ? "start" : x > this.scale - 20 ? "end" : "middle";
      this.canvas.append(
        svg("line", { class: "grid", x1: x, x2: x, y1: 0, y2: total - AXIS }),
        svg("text", { x, y: total - 5, "text-anchor": anchor }, clockText(time, step < 1 ? 1 : 0)),
      );
    }
  }

  drawSpans() {
    const [low, high] = range(this.visible.map((p) => p.score));
    for (const span of [...this.truth, ...this.visible.toReversed()]) {
      const strength = high > low ? (span.score - low) / (high - low) : 1;
      span.x = this.x(span.start);
      span.width = Math.max(2, this.x(span.end) - span.x);
      this.canvas.append(svg("rect", {
        class: span.rank ? "prediction" : "truth", x: span.x, y: span.y, width: span.width,
        height: span.height, rx: 1, opacity: span.rank ? 0.3 + 0.7 * strength : 1,
      }));
    }
  }

  drawCurves(y) {
    const { start, end, actionness } = this.curves;
    let top = y;
    if (this.hasYes()) {
      const highest = Math.max(range(start)[1], range(end)[1]);
      const scale = [0, TOPS.find((value) => value >= highest) ?? 1];
      this.panel(top, PANEL.yes, "P(yes)", scale, { start, end });
      top += PANEL.yes + PANEL.gap;
    }
    if (actionness.length) {
      this.panel(top, PANEL.clip, "CLIP similarity", range(actionness), { actionness });
    }
  }

  panel(top, height, name, [low, high], curves) {
    this.canvas.append(svg("rect", { class: "row", y: top, width: this.scale, height }));
    for (const span of this.truth) {
      if (this.data.labels[span.label] !== this.curves.label) continue;
      this.canvas.append(svg("rect", { class: "shade", x: span.x, y: top, width: span.width, height }));
    }
    const y = (value) => top + height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
    for (const [kind, values] of Object.entries(curves)) {
      this.canvas.append(svg("path", { class: `curve ${kind}`, d: this.path(values, y) }));
    }
    this.say(name, top + height / 2 - 8);
    if (!Number.isFinite(low + high)) return;
    this.say(String(Number(high.toFixed(3))), top - 5, "tick");
    this.say(String(Number(low.toFixed(3))), top + height - 11, "tick");
  }

  path(values, y) {
    let pen = "M";
    return values.map((value, i) => {
      if (value === null) { pen = "M"; return ""; }
      const point = `${pen}${this.x(this.data.times[this.curves.time][i]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return values[i - 1] == null && values[i + 1] == null ? `${point}h1.5` : point;
    }).join("");
  }

  tick() {
    if (!this.canvas) return;
    const [now, x] = [this.clock.now(), this.x(Math.min(this.length, this.clock.now()))];
    fill(this.head, { x1: x, x2: x }, []);
    fill(this.plot, { "aria-valuenow": now.toFixed(1), "aria-valuetext": clockText(now) }, []);
    const { scrollLeft, clientWidth } = this.plot;
    if (this.zoom > 1 && (x < scrollLeft || x > scrollLeft + clientWidth)) {
      this.plot.scrollLeft = x - clientWidth / 2;
    }
  }

  hover(event) {
    const { x, y, time } = this.at(event);
    const inside = (s) => x >= s.x - 2 && x <= s.x + s.width + 2 && y >= s.y - 1 && y <= s.y + s.height + 1;
    const span = [...this.truth, ...this.visible].filter(inside)[0];
    this.tooltip.textContent = span ? this.describe(span)
      : this.curves && y > this.rowsHeight ? this.readCurves(time) : clockText(time);
    this.tooltip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tooltip;
    const left = event.clientX + 14 + width > innerWidth ? event.clientX - width - 10 : event.clientX + 14;
    const top = Math.min(event.clientY + 14, innerHeight - height - 4);
    this.tooltip.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
  }

  describe(span) {
    const times = `${clockText(span.start)} to ${clockText(span.end)} (${(span.end - span.start).toFixed(1)} s)`;
    const kind = span.rank ? `prediction ${span.rank}, score ${span.score.toFixed(3)}` : "ground truth";
    return `${this.data.labels[span.label]}\n${kind}\n${times}`;
  }

  readCurves(time) {
    const { label } = this.curves;
    const times = this.data.times[this.curves.time];
    const near = times.reduce((best, t, i) => (Math.abs(t - time) < Math.abs(times[best] - time) ? i : best), 0);
    const read = (name, key) => (this.curves[key][near] == null ? "" : `\n${name} ${this.curves[key][near].toFixed(3)}`);
    return `${label}\n${clockText(times[near] ?? time)}`
      + read("P(yes), start", "start") + read("P(yes), end", "end") + read("CLIP similarity", "actionness");
  }
}
