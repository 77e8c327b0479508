// What a person means by a word on a page: `find(kind, words)` gives the first visible element
// that has this name, and null when there is none.
const [kind, words] = arguments;
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest("[aria-hidden=true]");
const nameOf = {
  press: (node) => [node.getAttribute("aria-label"), node.innerText, node.value],
  field: (node) => [...[...(node.labels ?? [])].map((label) => label.innerText), node.getAttribute("aria-label")],
}[kind];
const selector = {
  press: "a[href], button, summary, input[type=submit]",
  field: "input:not([type=hidden]), select, textarea",
}[kind];
const names = (node) => nameOf(node).map(plain);
const all = [...document.querySelectorAll(selector)].filter((node) => shown(node) && !node.disabled);
return (
  all.find((node) => names(node).includes(words)) ??
  all.find((node) => names(node).some((name) => name.startsWith(words + " "))) ??
  null
);
