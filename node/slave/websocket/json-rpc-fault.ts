import { QkcError } from "../../codec/errors.ts";

/** A request that is answered with an error, in pyquarkchain's words (cluster/jsonrpc_server.py JsonRpcError). */
export class JsonRpcFault extends QkcError {
  readonly rpcCode: number;

  private constructor(rpcCode: number, message: string) {
    super("LINK", message);
    this.rpcCode = rpcCode;
  }

  static invalidRequest(message: string): JsonRpcFault {
    return new JsonRpcFault(-32600, message);
  }

  static methodNotFound(): JsonRpcFault {
    return new JsonRpcFault(-32601, "Method not found");
  }

  static invalidParams(message = "Invalid params"): JsonRpcFault {
    return new JsonRpcFault(-32602, message);
  }

  static internal(): JsonRpcFault {
    return new JsonRpcFault(-32603, "Internal error");
  }
}
