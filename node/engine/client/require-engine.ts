import { UnsupportedError } from "../../codec/errors.ts";
import { BATCH_CAPABILITY, DEBUG_CAPABILITIES, QKC_CAPABILITIES } from "../api/methods.ts";
import type { ChainIdentity, EngineApi } from "../engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";

/** What an engine said of itself. */
export interface EngineIntroduction {
  readonly capabilities: readonly string[];
  readonly identity: ChainIdentity;
}

/**
 * Asks an engine what it can do and which chain it holds, before it is fed anything. Throws UnsupportedError for one
 * that does not know QuarkChain's extension, and whatever keeps it from answering.
 */
export async function requireQuarkChainEngine(engine: EngineApi): Promise<EngineIntroduction> {
  const capabilities = await capabilitiesOf(engine);
  const missing = QKC_CAPABILITIES.filter((name) => !capabilities.includes(name));
  if (missing.length > 0) {
    throw new UnsupportedError(`this is no QuarkChain engine: it does not offer ${missing.join(", ")}`);
  }
  return { capabilities, identity: await engine.chainIdentity() };
}

async function capabilitiesOf(engine: EngineApi): Promise<readonly string[]> {
  try {
    return await engine.exchangeCapabilities([...QKC_CAPABILITIES, ...DEBUG_CAPABILITIES, BATCH_CAPABILITY]);
  } catch (error) {
    if (!(error instanceof EngineError && error.rpcCode === ENGINE_ERROR.methodNotFound)) throw error;
    throw new UnsupportedError("this is no QuarkChain engine: it does not know engine_exchangeCapabilities", {
      cause: error,
    });
  }
}
