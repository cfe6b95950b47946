import { execFileSync } from "node:child_process";

/** What a build says of the source it was made from; `qkc --version` prints it. */
interface SourceProvenance {
  readonly commit: string | null;
  readonly isModified: boolean;
}

/**
 * @param root folder of the source
 * @param told `git describe --always --abbrev=40 --exclude='*' --dirty`, from where there is a checkout, to a build that
 *   has none: an image's
 */
export function sourceProvenance(root: string, told = ""): SourceProvenance {
  if (told === "") return ofCheckout(root);
  const [, commit, dirty] = /^([0-9a-f]{40})(-dirty)?$/.exec(told) ?? [];
  if (commit === undefined) {
    throw new Error(`QKC_COMMIT is "${told}", not the 40 digits of a commit, with or without "-dirty" behind them`);
  }
  return { commit, isModified: dirty !== undefined };
}

function ofCheckout(root: string): SourceProvenance {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    // A package that is built within another project's checkout is not of that one.
    if (git("rev-parse", "--show-toplevel") !== root) return { commit: null, isModified: false };
    return { commit: git("rev-parse", "HEAD"), isModified: git("status", "--porcelain") !== "" };
  } catch {
    return { commit: null, isModified: false };
  }
}
