// Which niceties does a page get when JavaScript runs? Nothing here is needed to work.
"use strict";

const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

// "/" goes to the search box. The shortcut can be switched off: <html data-keys="off"> (WCAG 2.1.4).
document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.getElementById("search");
  if (event.key === "/" && box && !typing(event.target)) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

// <button data-copy="id" data-done="Copied" hidden>: shown only where the clipboard can be written.
// A table wider than its place is reached, and scrolled, by keyboard.
function prepare(root) {
  for (const box of document.querySelectorAll(".scroll")) if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = button.dataset.done;
});

// A form is sent once: a second click on the button of a form that is on its way does nothing.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Filters marked data-auto apply themselves when a choice changes.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.hasAttribute("data-auto") && event.target.tagName === "SELECT") form.requestSubmit();
});

// A desk with a PIN locks itself when nobody touches it; the server does so too, at the next request.
const lock = document.getElementById("lock");
if (lock) {
  let timer;
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => lock.requestSubmit(), Number(lock.dataset.after) * 1000);
  };
  for (const sign of ["pointerdown", "keydown", "wheel", "touchstart"]) document.addEventListener(sign, rest, { passive: true });
  rest();
}

// A passkey that was refused or cancelled: say so where the button is.
document.addEventListener("allauth.error", (event) => {
  const said = document.getElementById("passkey-failed");
  if (said) {
    event.preventDefault();
    said.hidden = false;
  }
});

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  document.querySelector(".problem")?.focus();
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));

// <button data-print hidden>: shown where there is a printer to ask for.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
