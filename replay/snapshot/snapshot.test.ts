import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../work/built-project.testkit.ts";
import { runSnapshot } from "./run-snapshot.ts";

let folder: ReturnType<typeof temporaryFolder>;
let server: Server | undefined;
let printed = "";
beforeEach(() => {
  folder = temporaryFolder();
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  folder.remove();
});

/** Packs a folder with 300 kB that do not compress; answers with the archive's path. */
function archive(name: string, flags: string, content = noise(300_000)): string {
  mkdirSync(join(folder.path, "data", "master.db"), { recursive: true });
  writeFileSync(join(folder.path, "data", "master.db", "000001.sst"), content);
  writeFileSync(join(folder.path, "data", "cluster_config.json"), "{}");
  execFileSync("tar", [...flags.split(" "), join(folder.path, name), "-C", folder.path, "data"]);
  return join(folder.path, name);
}

/** A folder of programs with nothing but tar. */
function pathOfTarAlone(): string {
  const bin = join(folder.path, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(execFileSync("which", ["tar"], { encoding: "utf8" }).trim(), join(bin, "tar"));
  return bin;
}

function noise(length: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

function unpacked(to: string): Buffer {
  return readFileSync(join(to, "master.db", "000001.sst"));
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("qkc snapshot", () => {
  it.each([
    ["db.tar.gz", "-czf"],
    ["db.tar", "-cf"],
  ])("unpacks %s, and does so once", async (name, flags) => {
    const path = archive(name, flags);
    const to = join(folder.path, "out", "mainnet");
    expect(await runSnapshot(path, to)).toBe(0);
    expect(Buffer.compare(unpacked(to), noise(300_000))).toBe(0);
    expect(readdirSync(join(folder.path, "out")).sort()).toEqual(["mainnet", "mainnet.snapshot"]);
    writeFileSync(join(to, "mine"), "");
    await runSnapshot(path, to);
    expect(printed).toContain("already");
    expect(existsSync(join(to, "mine"))).toBe(true);
  });

  it("another archive takes the place of an older database", async () => {
    const to = join(folder.path, "out");
    await runSnapshot(archive("a.tar.gz", "-czf"), to);
    await runSnapshot(archive("b.tar.gz", "-czf", noise(1000)), to);
    expect(unpacked(to)).toHaveLength(1000);
  });

  it("a file called VERSION names the archive", async () => {
    archive("data-77.tar.gz", "-czf");
    writeFileSync(join(folder.path, "VERSION"), "data-77.tar.gz\n");
    const to = join(folder.path, "out");
    expect(await runSnapshot(join(folder.path, "VERSION"), to)).toBe(0);
    expect(unpacked(to)).toHaveLength(300_000);
    writeFileSync(join(folder.path, "VERSION"), "../../etc/passwd\n");
    await expect(runSnapshot(join(folder.path, "VERSION"), to)).rejects.toThrow("does not name an archive");
  });

  it("an archive that is cut leaves the older database as it was", async () => {
    const to = join(folder.path, "out");
    await runSnapshot(archive("a.tar.gz", "-czf"), to);
    const cut = archive("b.tar.gz", "-czf");
    truncateSync(cut, 200_000);
    await expect(runSnapshot(cut, to)).rejects.toThrow(/b\.tar\.gz could not be unpacked \(.+\)/);
    expect(unpacked(to)).toHaveLength(300_000);
  });

  it.each([
    ["zstd", "--zstd"],
    ["xz", "--xz"],
    ["bzip2", "--bzip2"],
  ])("unpacks %s where there is a program for it", async (program, flag) => {
    const isThere = spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
    const to = join(folder.path, "out");
    if (isThere) {
      expect(await runSnapshot(archive("a.tar.any", `${flag} -cf`), to)).toBe(0);
      expect(unpacked(to)).toHaveLength(300_000);
      const cut = archive("b.tar.any", `${flag} -cf`);
      truncateSync(cut, 100_000);
      await expect(runSnapshot(cut, to)).rejects.toThrow(/could not be unpacked/);
    }
    const path = process.env.PATH;
    process.env.PATH = pathOfTarAlone();
    try {
      const magic = { zstd: "28b52ffd00000000", xz: "fd377a585a0000", bzip2: "425a683900000000" }[program] as string;
      writeFileSync(join(folder.path, "x.tar.any"), Buffer.from(magic, "hex"));
      const refused = { code: "UNSUPPORTED", message: expect.stringContaining(`install ${program}`) };
      await expect(runSnapshot(join(folder.path, "x.tar.any"), to)).rejects.toMatchObject(refused);
    } finally {
      process.env.PATH = path;
    }
  });

  it("an archive with a link in it is refused, and what was there stays", async () => {
    const to = join(folder.path, "out");
    await runSnapshot(archive("a.tar.gz", "-czf"), to);
    symlinkSync("/etc", join(folder.path, "data", "out"));
    await expect(runSnapshot(archive("b.tar.gz", "-czf"), to)).rejects.toThrow("holds out, which is neither");
    expect(unpacked(to)).toHaveLength(300_000);
  });

  it("refuses what it does not unpack, and what is not there", async () => {
    writeFileSync(join(folder.path, "x.zip"), Buffer.from("504b030400000000", "hex"));
    const to = join(folder.path, "out");
    await expect(runSnapshot(join(folder.path, "x.zip"), to)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(runSnapshot(join(folder.path, "none"), to)).rejects.toMatchObject({ code: "USAGE" });
    await expect(runSnapshot("ftp://example.org/a.tar", to)).rejects.toThrow("ftp is no protocol");
  });

  it("a large archive is refused before anything is read where the disk has no room", async () => {
    let bodies = 0;
    const base = await serve((_, response) => {
      response.setHeader("content-length", `${2 ** 50}`);
      response.flushHeaders();
      bodies++;
    });
    await expect(runSnapshot(`${base}/a.tar.gz`, join(folder.path, "out"))).rejects.toThrow(
      /takes about 2097152\.0 GiB/,
    );
    expect(bodies).toBe(1);
    expect(existsSync(join(folder.path, "out.partial"))).toBe(false);
  });
});

describe("qkc snapshot over connections that break", () => {
  /** Sends at most so many bytes on a connection, then cuts it. */
  async function brittle(
    path: string,
    most: number,
    honoursRanges: boolean,
  ): Promise<{ url: string; froms: number[] }> {
    const bytes = readFileSync(path);
    const froms: number[] = [];
    const base = await serve((request, response) => {
      const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
      const from = honoursRanges ? Number(asked?.[1] ?? 0) : 0;
      froms.push(Number(asked?.[1] ?? 0));
      expect(request.headers.authorization).toBe(`Basic ${Buffer.from("user:secret").toString("base64")}`);
      response.setHeader("etag", '"one"');
      response.setHeader("content-length", `${bytes.length - from}`);
      response.writeHead(asked !== null && honoursRanges ? 206 : 200);
      const end = honoursRanges ? from + most : Math.max(most, Number(asked?.[1] ?? 0) + most);
      response.write(bytes.subarray(from, end), () => {
        if (end >= bytes.length) response.end();
        else setTimeout(() => response.destroy(), 20);
      });
    });
    return { url: `${base}/db.tar.gz`, froms };
  }

  it.each([true, false])("goes on where they broke (ranges honoured: %s)", async (honoursRanges) => {
    const { url, froms } = await brittle(archive("db.tar.gz", "-czf"), 120_000, honoursRanges);
    const to = join(folder.path, "out");
    expect(await runSnapshot(url.replace("http://", "http://user:secret@"), to)).toBe(0);
    expect(printed).not.toContain("secret");
    expect(Buffer.compare(unpacked(to), noise(300_000))).toBe(0);
    expect(froms.length).toBeGreaterThan(2);
    expect([...froms].sort((a, b) => a - b)).toEqual(froms);
  });

  it("half of one file and half of another are none", async () => {
    const bytes = readFileSync(archive("db.tar.gz", "-czf"));
    let tag = 0;
    const base = await serve((_, response) => {
      tag++;
      response.setHeader("etag", `"${tag}"`);
      response.setHeader("content-length", `${bytes.length}`);
      response.write(bytes.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
    });
    await expect(runSnapshot(`${base}/db.tar.gz`, join(folder.path, "out"))).rejects.toThrow(
      "another file while it was read",
    );
  });

  it("says what a server answers", async () => {
    const base = await serve((_, response) => response.writeHead(404).end());
    const to = join(folder.path, "out");
    await expect(runSnapshot(`${base}/db.tar.gz?token=secret`, to)).rejects.toThrow(
      /db\.tar\.gz: the server answers 404/,
    );
    await expect(runSnapshot(`${base}/db.tar.gz?token=secret`, to)).rejects.not.toThrow("secret");
    await expect(runSnapshot(`${base}/VERSION`, to)).rejects.toThrow("answers 404");
  });
});
