import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { type RuleSwitch, ruleSwitches, withSwitch } from "../../node/el/evm/hardforks/rule-switches.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { type ExecutionConfig, executionConfig } from "../../node/el/execution-config.ts";

/** Everything between two rule sets: the tested rules with any of their switches as in the reference, for any shard. */
export class SwitchedRules {
  readonly reference: Rules;
  readonly tested: Rules;
  /** Names are those of withSwitch(); what they say is about the tested rules. */
  readonly switches: readonly RuleSwitch[];
  readonly names: readonly string[];
  readonly #known = new Map<string, Rules>();
  readonly #configs = new Map<string, ExecutionConfig>();
  readonly #config: QuarkChainConfig;

  constructor(config: QuarkChainConfig, reference: Rules, tested: Rules) {
    this.#config = config;
    this.reference = reference;
    this.tested = tested;
    this.switches = ruleSwitches(reference, tested);
    this.names = this.switches.map(({ name }) => name);
  }

  /** The tested rules without these switches. */
  without(names: ReadonlySet<string>): Rules {
    if (names.size === 0) return this.tested;
    if (names.size === this.names.length) return this.reference;
    const key = this.names.filter((name) => names.has(name)).join();
    let rules = this.#known.get(key);
    if (rules === undefined) {
      rules = withSwitch(this.tested, this.reference, names);
      this.#known.set(key, rules);
    }
    return rules;
  }

  /** The reference with one switch. */
  only(name: string): Rules {
    return this.without(new Set(this.names.filter((other) => other !== name)));
  }

  /** What one shard executes by under rules that this gave. */
  configOf(fullShardId: number, rules: Rules): ExecutionConfig {
    const key = `${fullShardId} ${rules.name}`;
    let config = this.#configs.get(key);
    if (config === undefined) {
      config = executionConfig(this.#config, fullShardId, rules);
      this.#configs.set(key, config);
    }
    return config;
  }
}
