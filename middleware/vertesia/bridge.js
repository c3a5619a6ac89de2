"use strict";
const returned = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname + location.search);
const token = returned.get("token");
const state = returned.get("state");
if (token && state) {
  document.getElementById("going").hidden = false;
  const form = document.getElementById("return");
  form.elements.token.value = token;
  form.elements.state.value = state;
  form.submit();
  form.reset();
} else {
  document.getElementById("failed").hidden = false;
}
