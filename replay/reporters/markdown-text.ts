/** Text that Markdown and HTML show as it is, on one line. */
export function markdownText(raw: string): string {
  return raw
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~#]/g, "\\$&");
}

/** Text that Markdown shows as code. */
export function markdownCode(raw: string): string {
  return `\`${raw.replaceAll("`", "'").replaceAll("|", "\\|").replaceAll(/\s+/g, " ")}\``;
}
