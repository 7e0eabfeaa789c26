// The list of videos: a search, and a box that leaves only what a method got wrong.
"use strict";

function isShown({ search, wrong }, query, onlyWrong, method) {
  const text = search.toLowerCase();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => text.includes(word))) return false;
  const methods = wrong.split(" ").filter(Boolean);
  return !onlyWrong || (method === "" ? methods.length > 0 : methods.includes(method));
}

function start() {
  const clips = [...document.querySelectorAll(".clip")];
  const [query, onlyWrong, method, others, matches, toolbar] =
    ["filter", "only-wrong", "method", "others", "matches", "toolbar"].map((id) => document.getElementById(id));
  if (!clips.length) return;

  const filter = () => {
    const wanted = [query.value, onlyWrong?.checked ?? false, method?.value ?? ""];
    for (const clip of clips) clip.hidden = !isShown(clip.dataset, ...wanted);
    const shown = clips.filter((clip) => !clip.hidden);
    if (method) method.disabled = !onlyWrong.checked;
    if (others && shown.length < clips.length) others.open = shown.some((clip) => others.contains(clip));
    matches.textContent = `${shown.length} of ${clips.length} videos`;
  };

  for (const control of [query, onlyWrong, method]) control?.addEventListener("input", filter);
  toolbar.hidden = false;
  filter();
}

if (typeof document !== "undefined") start();
