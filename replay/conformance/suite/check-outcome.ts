/** The engine does not do what the contract says; the message tells what it does. */
export class CheckFailure extends Error {}

/** The sample or the engine has nothing to try the check on. */
export class CheckSkipped extends Error {}
