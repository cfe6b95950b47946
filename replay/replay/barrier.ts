import { RunStopped } from "./run-link.ts";

interface Waiting {
  readonly step: number;
  readonly resolve: (reached: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** How far the whole run has come, for those who wait for it. */
export class Barrier {
  #reached: number;
  #lastStep: number;
  #endsEarly = false;
  #stopped: RunStopped | undefined;
  #waiting: Waiting[] = [];

  constructor(reached: number, lastStep: number) {
    this.#reached = reached;
    this.#lastStep = lastStep;
  }

  /** The last step whose blocks are executed. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Every part has completed the step. */
  reach(step: number): void {
    this.#reached = Math.max(this.#reached, step);
    this.#settle();
  }

  /** Something differs in this step: it is the last one, and is never reached. */
  endWith(step: number): void {
    this.#lastStep = Math.min(this.#lastStep, step);
    this.#endsEarly = true;
    this.#settle();
  }

  /** Everybody who waits, and whoever will, hears that the run is over. */
  stop(): void {
    this.#stopped ??= new RunStopped("the run was stopped");
    this.#settle();
  }

  checkStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Whether the step is completed by everybody: false where the run ends before. */
  wait(step: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      this.#settle();
    });
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (this.#stopped !== undefined) each.reject(this.#stopped);
      else if (this.#endsEarly && each.step >= this.#lastStep) each.resolve(false);
      else if (each.step <= this.#reached) each.resolve(true);
      else this.#waiting.push(each);
    }
  }
}
