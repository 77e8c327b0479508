/**
 * Small comforts of the console and of the invitation; every page works without them, but for
 * the invitation, whose token must not reach the server's log and so comes in the fragment.
 *
 *   data-copy="text"   on a button: copies the text and says so in its [data-copied]
 *   details[data-closes]   closes by Escape and by a click elsewhere
 *   input[data-alias-pattern]  follows the alias of its form: the pattern's "*" is the alias
 *   input[data-fetch]  when it changes, asks the server what is there, and fills in the
 *                      [data-fetched] fields and the messages of the page that comes back
 *   form[data-create]  suggests a slug of the name, until another one is typed
 *   a[data-popup]      opens in a window of its own
 *   form[data-typed]   what was typed into it is there again after a confirmation with the card
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

for (const shown of document.querySelectorAll("input[data-alias-pattern]")) {
  const alias = shown.form.elements.namedItem("alias");
  const button = shown.parentElement.querySelector("[data-copy]");
  alias.addEventListener("input", () => {
    const typed = alias.value.trim().toLowerCase() || "alias";
    shown.value = shown.dataset.aliasPattern.replace("*", typed);
    button.dataset.copy = shown.value;
  });
}

/** Letters that are written with others from a to z; the rest lose their marks. As the server does. */
const LETTERS = { ä: "ae", æ: "ae", ö: "oe", œ: "oe", ø: "oe", ü: "ue", ß: "ss", þ: "th", ĳ: "ij", ð: "d", đ: "d", ħ: "h", ı: "i", ł: "l", ŀ: "l", ŧ: "t" };

/** A slug made of a name: "Spital Zürich" becomes "spital-zuerich". */
function suggestion(name) {
  const letters = [...name.toLowerCase().normalize("NFC")].map((letter) => LETTERS[letter] ?? letter);
  const plain = letters.join("").normalize("NFD").replace(/[\u0300-\u036f'’]/g, "");
  const words = plain.split(/[^a-z0-9]+/).filter((word) => word !== "");
  return words.join("-").slice(0, 63).replace(/-+$/, "");
}

const create = document.querySelector("form[data-create]");
if (create) {
  const name = create.elements.namedItem("name");
  const slug = create.elements.namedItem("slug");
  const shown = create.querySelector("[data-slug-shown]");
  const showSlug = () => {
    shown.textContent = slug.value.trim().toLowerCase() || "…";
  };
  let own = slug.value !== "";
  name.addEventListener("input", () => {
    if (own) return;
    slug.value = suggestion(name.value);
    showSlug();
  });
  slug.addEventListener("input", () => {
    own = slug.value !== "";
    showSlug();
  });
}

for (const input of document.querySelectorAll("input[data-fetch]")) {
  input.addEventListener("change", () => ask(input));
}

/** Asks the server what is at a discovery endpoint; the button "Fetch" does the same by a page. */
async function ask(input) {
  const sent = input.value;
  if (sent.trim() === "") return;
  const body = new URLSearchParams(new FormData(input.form));
  body.set("action", "fetch");
  body.delete("client_secret");
  const waiting = input.form.querySelector("[data-fetching]");
  waiting.hidden = false;
  try {
    // Not `form.action`: the buttons of that name stand in its place.
    const page = await load(input.form.getAttribute("action"), body);
    if (page && input.value === sent) show(page, input);
  } finally {
    waiting.hidden = true;
  }
}

/** The page that answers a form. Parsed by the request itself, without scripts: our policy lets no
 *  script make HTML from text. */
function load(action, body) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", action);
    request.responseType = "document";
    request.setRequestHeader("Accept", "text/html");
    request.addEventListener("loadend", () => resolve(request.response));
    request.send(body);
  });
}

/** Takes over from the page that came what was found out, or what is wrong. */
function show(page, input) {
  const found = page.getElementById(input.id);
  if (!found) return;
  input.value = found.value;
  for (const field of input.form.querySelectorAll("[data-fetched]")) {
    const other = page.getElementById(field.id);
    if (other) field.value = other.value;
  }
  const messages = page.querySelector("[data-messages]");
  document.querySelector("[data-messages]").replaceChildren(...messages.childNodes);
  const row = input.closest(".form-row");
  row.querySelector(".problem")?.remove();
  const problem = page.getElementById(`${input.id}-problem`);
  row.classList.toggle("field-bad", problem !== null);
  input.toggleAttribute("aria-invalid", problem !== null);
  if (problem) row.querySelector(".help").before(problem);
}

for (const link of document.querySelectorAll("a[data-popup]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.open(link.href, link.target, "popup,width=720,height=800");
  });
}

/** What was typed into a form, kept in this tab for the way to the card and back; never a secret. */
const TYPED = "typed";

for (const form of document.querySelectorAll("form[data-typed]")) {
  const action = form.getAttribute("action");
  form.addEventListener("submit", () => {
    const fields = [...form.elements].filter((field) => field.name && field.type !== "password" && field.localName !== "button");
    const typed = fields.filter((field) => field.type !== "radio" || field.checked).map((field) => [field.name, field.value]);
    sessionStorage.setItem(TYPED, JSON.stringify({ action, typed }));
  });
  const kept = JSON.parse(sessionStorage.getItem(TYPED) ?? "null");
  if (kept?.action !== action || !new URLSearchParams(location.search).getAll("done").includes("confirmed")) continue;
  for (const [name, value] of kept.typed) {
    const field = form.elements.namedItem(name);
    if (field && !field.readOnly) field.value = value;
  }
}
// Everywhere but on the way, it is forgotten.
if (!document.querySelector("[data-step-up]")) sessionStorage.removeItem(TYPED);
