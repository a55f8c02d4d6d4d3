/* One switch for all code of a notebook, and cells that open when a link leads to them. Without it each cell unfolds alone. */
"use strict";
const blocks = document.querySelectorAll("details.code");
const button = document.getElementById("all-code");
button.hidden = blocks.length === 0;
button.addEventListener("click", () => {
  const open = button.getAttribute("aria-pressed") === "false";
  for (const block of blocks) block.open = open;
  button.setAttribute("aria-pressed", String(open));
  button.textContent = open ? "Hide all code" : "Show all code";
});
const unfold = () => {
  let cell = null;
  try { cell = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* no name of anything */ }
  const block = cell && cell.querySelector("details.code");
  if (block) {
    block.open = true;
    cell.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
unfold();
