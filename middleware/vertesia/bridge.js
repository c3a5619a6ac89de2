"use strict";
const returned = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname + location.search);
const state = returned.get("state");
const has = ["token", "error"].find((name) => returned.get(name));
if (state && has) {
  document.getElementById("going").hidden = false;
  const form = document.getElementById("return");
  const field = form.elements.value;
  field.name = has;
  field.value = returned.get(has);
  form.elements.state.value = state;
  form.submit();
  field.value = "";
} else {
  document.getElementById("failed").hidden = false;
}
