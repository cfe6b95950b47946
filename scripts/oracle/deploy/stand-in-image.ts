import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What the Dockerfile runs. */
const COMMANDS = ["sh", "env", "id", "ln", "chmod", "chown", "mkdir"];
/** Parts of the C library that Node itself does not ask for, and packages and the resolver of names do. */
const C_LIBRARIES = ["librt.so.1", "libresolv.so.2"];
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Writes a folder from which an image can be built that stands in Node's place where no registry of images is reached: this
 * machine's own Node and npm, the few commands that the Dockerfile runs, and their libraries.
 */
export function writeStandIn(folder: string): void {
  const root = join(folder, "root");
  for (const path of [
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/local/bin",
    "etc/ssl/certs",
    "tmp",
    "proc",
    "sys",
    "dev",
  ]) {
    mkdirSync(join(root, path), { recursive: true });
  }
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  copyProgram(root, process.execPath, "node");
  for (const name of COMMANDS) copyProgram(root, which(name), name);
  const cLibrary = libraries(process.execPath).find((path) => basename(path) === "libc.so.6");
  for (const name of C_LIBRARIES) copyLibrary(root, join(dirname(cLibrary ?? "/lib/libc.so.6"), name));
  const npm = dirname(dirname(realpathSync(which("npm"))));
  cpSync(npm, join(root, "usr/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/bin/npm"));
  cpSync(CERTIFICATES, join(root, CERTIFICATES), { dereference: true });
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY root /\nRUN chmod 1777 /tmp\n");
  // Packages come from where they come from on this machine.
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  appendFileSync(
    join(folder, "Dockerfile"),
    `ENV npm_config_registry=${registry} NODE_EXTRA_CA_CERTS=${CERTIFICATES} npm_config_cache=/tmp/npm\n`,
  );
}

function copyProgram(root: string, path: string, name: string): void {
  copyFileSync(realpathSync(path), join(root, "usr/bin", name));
  for (const library of libraries(path)) copyLibrary(root, library);
}

function copyLibrary(root: string, path: string): void {
  const folder = join(root, realpathSync(dirname(path)));
  mkdirSync(folder, { recursive: true });
  copyFileSync(path, join(folder, basename(path)));
}

function libraries(program: string): string[] {
  return [...execFileSync("ldd", [program], { encoding: "utf8" }).matchAll(/\/\S+/g)].map(([path]) => path);
}

function which(name: string): string {
  return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
}
