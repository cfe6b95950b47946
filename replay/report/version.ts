import { readFileSync } from "node:fs";

export const PROGRAM = "qkc-replay";

/** Version in the package.json that this file belongs to, whether it runs from its source or from a build. */
export function programVersion(): string {
  for (let folder = new URL("../cli/", import.meta.url); ; folder = new URL("../", folder)) {
    const version = versionIn(new URL("package.json", folder));
    if (version !== undefined) return version;
    if (folder.pathname === "/") return "unknown";
  }
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, "utf8"));
    return name === PROGRAM ? version : undefined;
  } catch {
    return undefined;
  }
}
