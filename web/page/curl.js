/** The same question for a terminal. */

/**
 * @param {string} name of the file
 * @param {Record<string, string>} fields
 * @param {[string, string] | null} header whose value stays out of it: a clipboard is read by others
 * @param {string} address of /predict
 */
export function curl(name, fields, header, address) {
  const parts = [`-F ${quoted(`file=@"${name.replaceAll(/["\\]/g, "\\$&")}"`)}`];
  for (const [field, value] of Object.entries(fields)) parts.push(`-F ${field}=${value}`);
  if (header?.[0] === "Authorization") parts.push('-H "Authorization: Bearer $TRIPTYCH_TOKEN"');
  else if (header) parts.push(`-H "${header[0]}: $TRIPTYCH_KEY"`);
  return `curl ${quoted(address)} ${parts.join(" ")}`;
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
