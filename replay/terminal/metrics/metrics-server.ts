import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { QkcError, reasonOf } from "../../../node/codec/errors.ts";
import type { ListenAddress } from "./listen-address.ts";
import { CONTENT_TYPE } from "./metrics-text.ts";

/** A port that tells how a run goes; nothing can be asked of the run there. */
export interface MetricsServer {
  /** Where it is, with the port that the system chose for 0. */
  readonly url: string;
  close(): void;
}

/** What the port answers. */
export interface MetricsAnswers {
  text(): string | Promise<string>;
  /** What is wrong; undefined where all is well. A run that answers at all is well. */
  illness?(): Promise<string | undefined>;
}

/** Throws a STORAGE error where the port cannot be opened. */
export async function serveMetrics({ host, port }: ListenAddress, answers: MetricsAnswers): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    request.resume();
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") return response.writeHead(405).end();
    if (path !== "/metrics" && path !== "/healthz") return response.writeHead(404).end();
    answer(answers, path).then(
      ({ status, type, text }) => response.writeHead(status, { "content-type": type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.maxConnections = 32;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const message = `--metrics: port ${port} on ${host} cannot be opened (${reasonOf(error)}): choose another one`;
    throw new QkcError("STORAGE", message, { cause: error });
  }
  server.on("error", () => {});
  // A run is not kept going by who watches it.
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer({ text, illness }: MetricsAnswers, path: "/metrics" | "/healthz") {
  if (path === "/metrics") return { status: 200, type: CONTENT_TYPE, text: await text() };
  const wrong = await illness?.();
  const status = wrong === undefined ? 200 : 503;
  return { status, type: "text/plain", text: `${wrong ?? "ok"}\n` };
}
