"use strict";

const api = document.getElementById("api");
const keyInput = document.getElementById("key");
const keyState = document.getElementById("key-state");

// Swagger UI has a dark face, which a class on the root switches on.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

let key = "";

SwaggerUIBundle({
  url: api.dataset.schema,
  domNode: api,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor(request) {
    // The API knows its callers by their keys alone, not by who is logged in to the admin.
    request.credentials = "omit";
    if (key && !request.loadSpec) {
      request.headers.Authorization = `Bearer ${key}`;
    }
    return request;
  },
});

function useKey() {
  key = keyInput.value.trim();
  keyState.value = key ? "In use until you leave" : "No key yet";
  keyState.classList.toggle("is-set", key !== "");
}

document.getElementById("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey();
});
keyInput.addEventListener("input", useKey);
useKey(); // a browser may have kept the text of the field
