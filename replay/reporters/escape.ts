/** Text that HTML and XML show as it is, between tags and in double quotes. */
export function escapeMarkup(raw: string): string {
  return raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
