import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What builds images and runs a container of one to its end. */
export interface ContainerTool {
  readonly name: string;
  /** Whether a registry has the image, or this machine does. */
  has(image: string): boolean;
  build(tag: string, context: string, args: Readonly<Record<string, string>>): void;
  /** What the command prints that the image names, with these arguments. */
  run(image: string, args: readonly string[], options?: RunOptions): string;
  remove(image: string): void;
}

interface RunOptions {
  /** Instead of the image's own command. */
  readonly entrypoint?: string;
  readonly user?: string;
  /** As `-v` takes them. */
  readonly mounts?: readonly string[];
}

/** The first that works here; undefined where none does. */
export function findContainerTool(): ContainerTool | undefined {
  if (succeeds("docker", ["info"])) return engine("docker");
  if (succeeds("buildah", ["info"])) return buildah();
  if (succeeds("podman", ["info"])) return engine("podman");
  return undefined;
}

function engine(name: "docker" | "podman"): ContainerTool {
  return {
    name,
    has: (image) => succeeds(name, ["image", "inspect", image]) || succeeds(name, ["pull", "-q", image]),
    build: (tag, context, args) => {
      // A stand-in of another address is reached as this machine reaches it.
      execute(name, ["build", "-q", "--network", "host", "-t", tag, ...buildArguments(args), context]);
    },
    run: (image, args, { entrypoint, user, mounts = [] } = {}) =>
      execute(name, [
        ...["run", "--rm", "--network", "none"],
        ...(entrypoint === undefined ? [] : ["--entrypoint", entrypoint]),
        ...(user === undefined ? [] : ["--user", user]),
        ...mounts.flatMap((mount) => ["-v", mount]),
        ...[image, ...args],
      ]),
    remove: (image) => void spawnSync(name, ["rmi", "-f", image]),
  };
}

/** Needs no service, and with this isolation nothing of the kernel that a container of its own may lack. */
function buildah(): ContainerTool {
  const isolation = ["--isolation", "chroot"];
  return {
    name: "buildah",
    has: (image) => succeeds("buildah", ["inspect", "--type", "image", image]) || succeeds("buildah", ["pull", image]),
    build: (tag, context, args) => {
      execute("buildah", ["bud", "-q", ...isolation, "-t", tag, ...buildArguments(args), context]);
    },
    run: (image, args, { entrypoint, user, mounts = [] } = {}) => {
      const container = execute("buildah", ["from", "--pull-never", image]).trim();
      // Of what is printed into its pipe, buildah 1.28 loses everything once in a while.
      const answer = mkdtempSync(join(tmpdir(), "qkc-container-"));
      chmodSync(answer, 0o777);
      try {
        const command = entrypoint === undefined ? imageEntrypoint(image) : [entrypoint];
        execute("buildah", [
          ...["run", ...isolation, "-v", `${answer}:/answer`],
          ...(user === undefined ? [] : ["--user", user]),
          ...mounts.flatMap((mount) => ["-v", mount]),
          ...[container, "--", "sh", "-c", 'exec "$@" >/answer/stdout', "sh", ...command, ...args],
        ]);
        return readFileSync(join(answer, "stdout"), "utf8");
      } finally {
        execute("buildah", ["rm", container]);
        rmSync(answer, { recursive: true });
      }
    },
    remove: (image) => void spawnSync("buildah", ["rmi", "-f", image]),
  };
}

/** `buildah run` takes a whole command line. */
function imageEntrypoint(image: string): string[] {
  return JSON.parse(execute("buildah", ["inspect", "--type", "image", image])).OCIv1.config.Entrypoint;
}

function buildArguments(args: Readonly<Record<string, string>>): string[] {
  return Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
}

function execute(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status ?? error}:\n${stdout}${stderr}`);
  return stdout;
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
