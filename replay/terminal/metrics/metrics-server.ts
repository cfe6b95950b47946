import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { QkcError, reasonOf } from "../../../node/codec/errors.ts";
import type { ListenAddress } from "./listen-address.ts";
import { CONTENT_TYPE } from "./open-metrics.ts";

/** A port that tells how a run goes; nothing can be asked of the run there. */
export interface MetricsServer {
  /** Where it is, with the port that the system chose for 0. */
  readonly url: string;
  close(): void;
}

/** Throws a STORAGE error where the port cannot be opened. */
export async function serveMetrics({ host, port }: ListenAddress, text: () => string): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    request.resume();
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") return response.writeHead(405).end();
    if (path === "/metrics") return response.writeHead(200, { "content-type": CONTENT_TYPE }).end(text());
    if (path === "/healthz") return response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
    return response.writeHead(404).end();
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
