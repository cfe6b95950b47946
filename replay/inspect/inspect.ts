import { openArchive } from "../../node/archive/open-archive.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { clientRows } from "../database/client-rows.ts";
import type { Inspected } from "../database/inspected.ts";
import { findOptionalConfig } from "../database/optional-config.ts";
import { accountView, storageView } from "./account-views.ts";
import { minorView, rootView } from "./block-views.ts";
import { depositsView } from "./deposits-view.ts";
import { keyView, storedRow } from "./key-view.ts";
import type { InspectSubject } from "./subjects.ts";
import { receiptView, transactionView } from "./transaction-views.ts";
import type { View } from "./view.ts";

/** A checked command line of `qkc inspect`. */
export interface InspectRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly subject: InspectSubject;
  /** What of it, in the user's words: one or two. */
  readonly references: readonly string[];
  /** SHARD, SHARD:HEIGHT or a block's hash, for an account or its storage. */
  readonly at: string | undefined;
  /** With an account's code. */
  readonly withCode: boolean;
  /** Names of tokens to recognise in token tries. */
  readonly tokens: readonly string[];
  readonly json: boolean;
  /** The bytes of a row alone. */
  readonly raw: boolean;
}

/**
 * Looks at one thing in a database. Throws UsageError where it is not there, saying what comes near, and
 * DatabaseDamagedError where it cannot be read.
 */
export function inspect(request: InspectRequest): View {
  return withDatabase(request, (inspected) => viewOf(inspected, request));
}

/** The bytes of a row. Throws as `inspect`. */
export function inspectRaw(request: InspectRequest): Uint8Array {
  if (request.subject !== "key") throw new UsageError("--raw goes with qkc inspect key only");
  const { references } = request;
  return withDatabase(request, (inspected) => storedRow(inspected, references[0], references[1]).value);
}

function withDatabase<T>(request: InspectRequest, look: (inspected: Inspected) => T): T {
  const inspected = openInspected(request);
  try {
    return look(inspected);
  } finally {
    inspected.source.close();
  }
}

/** A database to look at several things in; its source is to be closed. */
export function openInspected({ db, configPath, tokens }: InspectRequest): Inspected {
  const config = findOptionalConfig(db, configPath)?.config;
  const source = openArchive(db);
  return { source, rows: clientRows(source), config, tokens };
}

/** As `inspect`, in a database that is open. */
export function viewOf(inspected: Inspected, { subject, references, at, withCode }: InspectRequest): View {
  const [first, second] = references;
  switch (subject) {
    case "root":
      return rootView(inspected, first);
    case "minor":
      return minorView(inspected, first);
    case "tx":
      return transactionView(inspected, first);
    case "receipt":
      return receiptView(inspected, first);
    case "account":
      return accountView(inspected, first, { at, withCode });
    case "storage":
      return storageView(inspected, first, second, at);
    case "deposits":
      return depositsView(inspected, first);
    case "key":
      return keyView(inspected, first, second);
  }
}
