// How is a pair decided by one key? Each button with data-key is pressed by it, once however long it is held; without this, buttons do the same.
"use strict";

document.addEventListener("keydown", (event) => {
  const { keys } = document.documentElement.dataset;
  if (event.repeat || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (event.ctrlKey ? event.key !== "z" : keys === "off") return;
  const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button || button.form.dataset.sent) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});
