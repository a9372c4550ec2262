"use strict";

// Sends the file of a form as it is, and goes to the page that the answer names.
const sendFile = async (form) => {
  const [status, button] = [form.querySelector("[role=status]"), form.querySelector("button")];
  const [file] = form.querySelector("input[type=file]").files;
  button.disabled = true;
  status.textContent = "The file is being sent…";
  try {
    const answer = await fetch(`${form.dataset.sendsFile}?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      body: file,
      headers: {
        "Content-Type": "application/octet-stream",
        "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
      },
    });
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const body = isJson ? await answer.json() : {};
    if (answer.ok && body.page) {
      window.location.assign(body.page);
      return;
    }
    status.textContent = body.detail ?? `The file was not taken (${answer.status}).`;
  } catch (error) {
    status.textContent = `The file could not be sent: ${error.message}`;
  }
  button.disabled = false;
};

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-sends-file]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sendFile(form);
    });
  }
});

// Gives each cell the name of its column, which admin.css shows on narrow screens, where the rows of
// a table stand below each other.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("#result_list, .gw-table")) {
    const names = [...table.querySelectorAll("thead tr:first-child > *")].map((cell) => (cell.querySelector(".text") ?? cell).innerText.trim());
    if (names.length === 0) continue;
    for (const row of table.querySelectorAll("tbody tr")) {
      if (row.children.length !== names.length) continue;
      [...row.children].forEach((cell, place) => {
        if (names[place]) cell.dataset.label = names[place];
      });
    }
    table.classList.add("gw-cards");
  }
});

// Names the fields that scripts of Django and Select2 build, for screen readers. They do so until the
// page has loaded.
window.addEventListener("load", () => setTimeout(() => {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const [label] = select.labels;
    const [field, value] = ["combobox", "textbox"].map((role) => select.nextElementSibling.querySelector(`[role=${role}]`));
    if (!label || !field || !value) continue;
    label.id ||= `${select.id}-label`;
    field.setAttribute("aria-labelledby", `${label.id} ${value.id}`);
    value.setAttribute("aria-labelledby", label.id);
  }
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
}));
