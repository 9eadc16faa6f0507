// How is a family's form filled in by keyboard alone, and kept on the server while it is typed? Without this, buttons do the same.
"use strict";

const family = document.getElementById("family");
const kept = document.getElementById("kept");
const unsaved = document.getElementById("unsaved");
let changes = 0; // counted, so that what is typed while a save is on its way is saved again
let saved = 0;
let saving = null;
let soon;
let state = ""; // what keeps the server from having it: "lost", "other", "gone" or "out", as in the page
let sure = false; // the server has everything: the form may go

const places = () => family.querySelectorAll("fieldset[id^=person-]").length;
const filled = () => new URLSearchParams([...new FormData(family)].filter(([, value]) => value !== ""));

function tell(what) {
  state = what;
  unsaved.hidden = !what;
  for (const line of unsaved.querySelectorAll("[data-when]")) line.hidden = line.dataset.when !== what;
}

// Send the form to be kept. Answers whether the server has all that is typed.
function save() {
  saving ??= attempt().finally(() => { saving = null; });
  return saving;
}
async function attempt() {
  const upTo = changes;
  try {
    const answer = await fetch(family.dataset.keep, { method: "POST", body: filled(), redirect: "manual", signal: AbortSignal.timeout(15000) });
    if (answer.status !== 204) {
      tell({ 409: "other", 404: "gone", 0: "out" }[answer.status] ?? "lost");
      return false;
    }
  } catch {
    tell("lost");
    return false;
  }
  saved = upTo;
  tell("");
  if (saved === changes) {
    const time = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }); // as the server writes times
    kept.textContent = kept.dataset.kept.replace("{time}", time);
  }
  return saved === changes;
}

family.addEventListener("input", () => {
  changes += 1;
  kept.textContent = kept.dataset.typing;
  clearTimeout(soon);
  soon = setTimeout(save, 2000);
});
setInterval(() => { if (saved < changes) save(); }, 15000);
setInterval(() => { if (saved < changes && !unsaved.hidden) save(); }, 3000);
window.addEventListener("online", () => { if (saved < changes) save(); });
window.addEventListener("pagehide", () => {
  if (saved < changes && !sure) navigator.sendBeacon(family.dataset.keep, filled());
});

// A button leaves this page only once the server has what is typed: with the network gone, the page stays.
family.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (sure || (saved === changes && button?.value !== "keep")) return;
  event.preventDefault();
  clearTimeout(soon);
  for (let tries = 0; saved < changes && tries < 2; tries += 1) await save(); // the first may have been on its way already
  if (state === "lost" || state === "out") return;
  if (button?.value === "keep") return;
  sure = true;
  family.requestSubmit(button);
});
window.addEventListener("pageshow", () => { sure = false; });

function add() {
  const place = places();
  if (place >= Number(family.dataset.most)) return;
  const holder = document.createElement("div");
  holder.innerHTML = document.getElementById("member").innerHTML.replaceAll("__n__", place);
  const person = holder.firstElementChild;
  document.getElementById("actions").before(person);
  inherit();
  htmx.process(person);
  person.querySelector("input").focus();
}

// What members take over from the head is shown grey.
function inherit() {
  const name = family.elements["0-family_name"].value;
  const country = family.elements["h-country"].selectedOptions[0];
  for (const box of family.querySelectorAll("[name$=-family_name]:not([name='0-family_name'])")) box.placeholder = name;
  for (const box of family.querySelectorAll("[name$=-nationality]")) box.placeholder = country.value && country.text;
}
family.addEventListener("change", inherit);

family.addEventListener("click", (event) => {
  const button = event.target.closest("button[value=add]");
  if (!button) return;
  event.preventDefault();
  add();
});

document.addEventListener("keydown", (event) => {
  const press = (value) => {
    event.preventDefault();
    family.requestSubmit(family.querySelector(`button[value=${value}]`));
  };
  if (event.altKey && event.code === "KeyN") {
    event.preventDefault();
    add();
  } else if (event.key === "Enter" && event.ctrlKey) {
    press(event.shiftKey ? "next" : "register");
  } else if (event.key === "Enter" && event.target.matches("#family :is(input, select)")) {
    press("keep"); // a scanner of documents ends with Enter
  }
});

// A question about one member needs that member's line, the head's name and the country: the rest need not travel.
document.addEventListener("htmx:configRequest", (event) => {
  const place = new URL(event.detail.path, location).searchParams.get("row");
  if (place === null) return;
  const told = event.detail.parameters;
  for (const name of [...told.keys()]) {
    const needed = name.startsWith(`${place}-`) || name === "0-family_name" || name === "h-country" || (name === "h-phone" && place === "0");
    if (!needed || told.get(name) === "") told.delete(name);
  }
});
inherit();
