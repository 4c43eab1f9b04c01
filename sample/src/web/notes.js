"use strict";

const list = document.getElementById("notes");
const status = document.getElementById("status");
const form = document.getElementById("new-note");

async function call(options) {
  const response = await fetch("/api/notes", options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

async function show() {
  const { notes } = await call();
  list.replaceChildren(...notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note.text;
    return item;
  }));
  status.textContent = notes.length === 0 ? "There are no notes yet." : "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const body = JSON.stringify({ text: form.elements.text.value });
    await call({ method: "POST", headers: { "content-type": "application/json" }, body });
    form.reset();
    await show();
    status.textContent = "The note was added.";
  } catch (error) {
    status.textContent = `The note was not added: ${error.message}`;
  }
});

show().catch((error) => {
  status.textContent = `The notes cannot be shown: ${error.message}`;
});
