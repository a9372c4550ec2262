// Gives each cell the name of its column, which admin.css shows on narrow screens, where the rows of
// a table stand below each other.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("#result_list, .gw-table")) {
    const names = [...table.querySelectorAll("thead tr:first-child > *")].map((cell) => cell.innerText.trim());
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
