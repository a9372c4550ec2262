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

// Swagger UI puts links into buttons and leaves out a level of headings, both of which screen
// readers stumble over.
function accessible({ React }) {
  const inRegion = (label) => (Part) => (given) =>
    React.createElement("section", { "aria-label": label }, React.createElement(Part, given));
  return {
    wrapComponents: {
      DeepLink: () => ({ text }) => React.createElement("span", null, text),
      InfoContainer: inRegion("About this API"),
      FilterContainer: inRegion("Filter"),
      operations: (Operations) => (given) =>
        React.createElement(
          React.Fragment,
          null,
          React.createElement("h2", { className: "unseen" }, "Operations"),
          React.createElement(Operations, given),
        ),
    },
  };
}

SwaggerUIBundle({
  url: api.dataset.schema,
  domNode: api,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [SwaggerUIBundle.plugins.DownloadUrl, accessible],
  layout: "BaseLayout",
  filter: true,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete() {
    const filter = document.querySelector(".operation-filter-input");
    filter.setAttribute("aria-label", "Filter by the name of a group");
    filter.placeholder = "Filter by group, such as Messages";
  },
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
  keyState.classList.remove("is-wrong");
}

// Ask the API whether it knows the key, and say what is wrong with it.
async function checkKey() {
  const asked = key;
  if (!asked) {
    return;
  }
  const headers = { Authorization: `Bearer ${asked}` };
  const answer = await fetch("/v1/chat/sessions?limit=1", { headers, credentials: "omit" });
  const { detail } = answer.status === 401 ? await answer.json() : {};
  if (detail && asked === key) {
    keyState.value = detail;
    keyState.classList.replace("is-set", "is-wrong");
  }
}

document.getElementById("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey();
  checkKey();
});
keyInput.addEventListener("input", useKey);
keyInput.addEventListener("change", checkKey);
useKey(); // a browser may have kept the text of the field
