// Copies a new secret. Browsers offer the clipboard to pages over HTTPS only.
"use strict";

const secret = document.getElementById("secret");
const copy = document.getElementById("copy");

secret.addEventListener("focus", () => secret.select());
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(secret.value);
    document.getElementById("copied").textContent = "Copied.";
  });
}
