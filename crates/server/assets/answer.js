/**
 * Sends the answer to Microsoft Entra off at once. Without this script its button does.
 *
 *   form[data-sends]  the form with the answer
 */

document.querySelector("form[data-sends]")?.requestSubmit();
