/**
 * The return steps, of pairing and of a card's answer. The token is in the fragment of the address, which no server's log
 * sees: it goes into the form, and out of the address.
 *
 *   form[data-return]  gets it into its [data-token]; with [data-sends] it goes off at once, for
 *                      there is nothing to decide: it only tells the page that waits, or ends it
 */

const form = document.querySelector("form[data-return]");
if (form) {
  const field = form.querySelector("[data-token]");
  field.value = window.location.hash.slice(1).replace(/^rt=/, "");
  // Not into the history of a browser that others may use.
  history.replaceState(null, "", window.location.pathname);
  const missing = field.value === "";
  form.querySelector("[data-return-missing]").hidden = !missing;
  form.querySelector("button").disabled = missing;
  if (!missing && form.dataset.sends !== undefined) form.requestSubmit();
}
