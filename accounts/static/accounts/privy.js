// Takes over the token of a link to /keys#privy=…, which browsers send to no server. The form is
// not sent by itself: somebody else's link must not sign anybody in.
"use strict";

const given = new URLSearchParams(window.location.hash.slice(1)).get("privy");
if (given) {
  history.replaceState(null, "", window.location.pathname);
  document.getElementById("privy-token").value = given;
  document.getElementById("privy-help").textContent = "Your token is filled in: sign in with it.";
}
