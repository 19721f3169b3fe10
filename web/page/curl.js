/** The same question for a terminal. */

const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/**
 * @param {string} name of the file
 * @param {Record<string, string>} fields
 * @param {string} header that carries the key, which stays out of it: a clipboard is read by others; empty: none is needed
 * @param {string} address of /predict
 */
export function curl(name, fields, header, address) {
  const parts = [`-F ${quoted(`file=@"${name.replaceAll(/["\\]/g, "\\$&")}"`)}`];
  for (const [field, value] of Object.entries(fields)) parts.push(`-F ${field}=${value}`);
  if (header === "Authorization") parts.push('-H "Authorization: Bearer $TRIPTYCH_TOKEN"');
  else if (header) parts.push(`-H "${header}: $TRIPTYCH_KEY"`);
  return `curl ${quoted(address)} ${parts.join(" ")}`;
}

/**
 * Quotes for a shell. Control characters are written out: pasted, they would be keys that are pressed.
 *
 * @param {string} text
 */
function quoted(text) {
  if (text.search(CONTROLS) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text.replaceAll(/['\\]/g, "\\$&");
  return `$'${escaped.replaceAll(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}'`;
}
