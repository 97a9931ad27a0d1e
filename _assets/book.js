// What a page does beyond its text. Without this script it can be read as well.
"use strict";

// The theme takes the focus from a button that was pressed; who uses the keyboard
// would start again at the top. Give it back, and after a dialog too.
let pressed = null;

function keepFocus() {
  const nowhere = document.activeElement === document.body;
  if (nowhere && pressed?.checkVisibility()) pressed.focus({ preventScroll: true });
}

// Some buttons let no one else know of a click, and what closes is a dialog.
addEventListener("click", ({ target }) => {
  pressed = target.closest("button") ?? pressed;
  setTimeout(keepFocus);
}, true);
addEventListener("close", () => setTimeout(keepFocus), true);
addEventListener("keydown", ({ key }) => {
  if (key === "Escape") setTimeout(keepFocus);
});

// On paper: dark on white, every figure, every solution.
const opened = new Set();
let mode = null;

addEventListener("beforeprint", () => {
  mode = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  for (const folded of document.querySelectorAll("article details:not([open])")) {
    folded.open = true;
    opened.add(folded);
  }
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = mode;
  for (const folded of opened) folded.open = false;
  opened.clear();
});
