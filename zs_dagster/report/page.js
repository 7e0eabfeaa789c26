// The page around the timelines: tables that sort, a list that filters, videos built on open.
"use strict";

const tooltip = document.getElementById("tooltip");
const built = new Map();

function makeClock(player, length) {
  const listeners = [];
  let time = 0;
  const tell = () => listeners.forEach((listener) => listener());
  const follow = () => { tell(); if (!player.paused) requestAnimationFrame(follow); };
  const usable = () => player && !player.error;
  if (player) {
    player.addEventListener("play", follow);
    for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) player.addEventListener(kind, tell);
  }
  return {
    now: () => (usable() ? player.currentTime : time),
    seek(to) {
      time = Math.min(length, Math.max(0, to));
      if (usable()) player.currentTime = time;
      tell();
    },
    listen: (listener) => listeners.push(listener),
  };
}

function makePlayer(data) {
  const player = html("video", { controls: "", preload: "metadata", playsinline: "" });
  player.addEventListener("error", () => player.replaceWith(html("p", { class: "problem" },
    "This browser cannot play the file; the timeline still works.")));
  player.addEventListener("play", () => built.forEach((other) => other !== player && other?.pause()));
  player.src = data.src;
  return player;
}

function bestTable(timeline, clock) {
  const { data, truth, predictions } = timeline;
  const rows = predictions.slice(0, 8).map((span) => {
    const same = truth.filter((other) => other.label === span.label);
    const overlap = same.length ? Math.max(...same.map((other) => tiou(span, other))).toFixed(2) : "–";
    const seek = html("button", { type: "button" }, `${clockText(span.start)} – ${clockText(span.end)}`);
    const row = html("tr", {}, html("td", { class: "number" }, String(span.rank)),
      html("td", {}, data.labels[span.label]), html("td", {}, seek),
      html("td", { class: "number" }, span.score.toFixed(3)),
      ...(truth.length ? [html("td", { class: "number" }, overlap)] : []));
    row.addEventListener("click", () => clock.seek(span.start));
    return row;
  });
  const head = [["#", "number"], ["prediction", ""], ["from – to", ""], ["score", "number"]];
  if (truth.length) head.push(["best tIoU", "number"]);
  return html("table", { class: "best" },
    html("thead", {}, html("tr", {}, ...head.map(([text, kind]) => html("th", { scope: "col", class: kind }, text)))),
    html("tbody", {}, ...rows));
}

function thresholdControl(timeline) {
  const [low, high] = timeline.scores;
  const shown = html("output");
  const say = () => {
    const count = timeline.predictions.filter((p) => p.score >= timeline.threshold).length;
    shown.textContent = `${timeline.threshold.toFixed(3)} (${count} of ${timeline.predictions.length})`;
  };
  const slider = html("input", { type: "range", min: low, max: high, step: "any" });
  slider.value = timeline.threshold;
  slider.disabled = !(high > low);
  slider.addEventListener("input", () => {
    timeline.threshold = Number(slider.value);
    timeline.draw();
    say();
  });
  say();
  return html("label", {}, "score ≥", slider, shown);
}

function choice(text, options, selected, act) {
  const select = html("select", {}, ...options.map((name, i) => html("option", { value: i }, name)));
  select.value = selected;
  select.addEventListener("change", () => act(Number(select.value)));
  return html("label", {}, text, select);
}

function controls(timeline) {
  const { curves } = timeline.data;
  const bar = html("div", { class: "controls" });
  if (timeline.predictions.length) bar.append(thresholdControl(timeline));
  if (curves.length) {
    const names = curves.map((c) => (c.candidate ? c.label : `${c.label} (filtered out)`));
    bar.append(choice("curves of", names, curves.indexOf(timeline.curves), (i) => {
      timeline.curves = curves[i];
      timeline.draw();
    }));
  }
  const zooms = [1, 2, 4, 8, 16];
  bar.append(choice("zoom", zooms.map((z) => `${z}×`), 0, (i) => {
    timeline.zoom = zooms[i];
    timeline.draw();
  }));
  return bar;
}

function legend(timeline) {
  const swatch = (shape, text) => html("span", {}, svg("svg", { width: 20, height: 9 }, shape), text);
  const box = (kind) => svg("rect", { class: kind, width: 20, height: 8, rx: 1 });
  const line = (kind) => svg("path", { class: `curve ${kind}`, d: "M0 4.5H20" });
  const parts = [];
  if (timeline.truth.length) parts.push(swatch(box("truth"), "ground truth"));
  if (timeline.predictions.length) parts.push(swatch(box("prediction"), "prediction, stronger with score"));
  if (timeline.data.curves.some((c) => c.start.length)) parts.push(swatch(line("start"), "start question"));
  if (timeline.data.curves.some((c) => c.end.length)) parts.push(swatch(line("end"), "end question"));
  if (timeline.truth.length && timeline.data.curves.length) parts.push(swatch(box("shade"), "ground truth of this class"));
  return html("div", { class: "legend" }, ...parts);
}

function build(section) {
  if (built.has(section)) return;
  const data = JSON.parse(section.querySelector("script").textContent);
  const body = section.querySelector(".body");
  const player = data.src ? makePlayer(data) : null;
  built.set(section, player);
  body.querySelector(".permalink").href = `#${encodeURIComponent(data.id)}`;
  const clock = makeClock(player, data.length);
  const timeline = new Timeline(data, clock, tooltip);
  const stage = html("div", { class: "stage" });
  if (player) stage.append(player);
  if (timeline.predictions.length) stage.append(bestTable(timeline, clock));
  if (stage.children.length) body.append(stage);
  if (timeline.predictions.length || timeline.truth.length || timeline.curves) {
    body.append(controls(timeline), timeline.element, legend(timeline));
    timeline.draw();
  }
}

const sections = [...document.querySelectorAll("details.video")];

function openFromHash() {
  let id;
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const target = id && sections.find((section) => section.dataset.videoId === id);
  if (!target) return;
  target.hidden = false;
  target.open = true;
  build(target);
  target.scrollIntoView();
}

function filterVideos(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of sections) {
    const text = section.dataset.search.toLowerCase();
    section.hidden = !words.every((word) => text.includes(word));
  }
  const count = sections.filter((section) => !section.hidden).length;
  document.getElementById("matches").textContent = `${count} of ${sections.length} videos`;
}

function orderVideos(order) {
  const ap = (section) => Number(section.dataset.ap ?? Infinity);
  const compare = {
    given: () => 0,
    worst: (a, b) => (ap(a) === ap(b) ? 0 : ap(a) - ap(b)),
    name: (a, b) => a.dataset.videoId.localeCompare(b.dataset.videoId, undefined, { numeric: true }),
  };
  document.getElementById("list").append(...sections.toSorted(compare[order]));
}

function sortTable(heading) {
  const table = heading.closest("table");
  const numeric = heading.cellIndex > 0;
  const sorted = heading.getAttribute("aria-sort");
  const down = sorted ? sorted === "ascending" : numeric;
  const key = (row) => row.cells[heading.cellIndex].textContent;
  const number = (row) => (Number.isNaN(Number(key(row))) ? -1 : Number(key(row)));
  const compare = numeric ? (a, b) => number(a) - number(b) : (a, b) => key(a).localeCompare(key(b));
  const rows = [...table.tBodies[0].rows].sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}

for (const section of sections) {
  section.addEventListener("toggle", () => (section.open ? build(section) : built.get(section)?.pause()));
}
for (const heading of document.querySelectorAll(".sortable thead th")) {
  heading.querySelector("button").addEventListener("click", () => sortTable(heading));
}
if (sections.length) {
  document.getElementById("filter").addEventListener("input", (event) => filterVideos(event.target.value));
  document.getElementById("order").addEventListener("change", (event) => orderVideos(event.target.value));
}
addEventListener("hashchange", openFromHash);
openFromHash();
sections.filter((section) => section.open).forEach(build);
