/**
 * Small comforts of the console and of the invitation; every page works without them, but for
 * the invitation, whose token must not reach the server's log and so comes in the fragment.
 *
 *   data-copy="text"   on a button: copies the text and says so in its [data-copied]
 *   details[data-closes]   closes by Escape and by a click elsewhere
 *   form[data-invite]  gets the token from the address into its [data-token]
 */

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.querySelector("[data-copied]");
  const before = words.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = words.dataset.copied;
  });
  button.addEventListener("blur", () => {
    words.textContent = before;
  });
}

for (const details of document.querySelectorAll("details[data-closes]")) {
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

const form = document.querySelector("form[data-invite]");
if (form) {
  const field = form.querySelector("[data-token]");
  if (window.location.hash.length > 1) {
    field.value = window.location.hash.slice(1);
    // Not into the history of a browser that others may use.
    history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  const missing = field.value === "";
  form.querySelector("[data-invite-missing]").hidden = !missing;
  form.querySelector("button").disabled = missing;
}
