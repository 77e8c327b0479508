/**
 * Follows the session that a page was opened with: when it ends by itself, because its card was taken
 * away, the page goes to where one logs in again, and nothing stays readable on a screen that its
 * person has left. Without this script the next click finds out.
 *
 *   script[data-events]  the address of the session's events
 */

/** How long to wait before a stream that was refused is asked for again. */
const AGAIN = 5000;

const { events: address } = document.querySelector("script[data-events]").dataset;

function follow() {
  const events = new EventSource(address);
  events.addEventListener("state", (event) => {
    events.close();
    location.replace(JSON.parse(event.data).location);
  });
  events.addEventListener("error", () => {
    // A connection that broke comes back by itself; what the server refused does not.
    if (events.readyState === EventSource.CLOSED) setTimeout(lookAgain, AGAIN);
  });
}

/** Without events, the page's own address knows whether there is a session: without one it leads to
 *  where one logs in. */
async function lookAgain() {
  try {
    const page = await fetch(location.href, { method: "HEAD", redirect: "manual" });
    const isOver = page.type === "opaqueredirect" || page.status === 401;
    if (isOver) return location.replace(location.href);
  } catch {
    // The server is away; it is asked again.
  }
  follow();
}

follow();
// A page that comes back from the browser's memory had its stream cut.
addEventListener("pageshow", (event) => event.persisted && location.replace(location.href));
