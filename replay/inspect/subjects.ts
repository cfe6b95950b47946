/** What `qkc inspect` can show. */
export const INSPECT_SUBJECTS = ["root", "minor", "tx", "receipt", "account", "storage", "deposits", "key"] as const;
export type InspectSubject = (typeof INSPECT_SUBJECTS)[number];
