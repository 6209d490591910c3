/** A broker somebody can connect to. */
export interface Broker {
  readonly url: string;
  /** Where it came from, for the reader of the output. */
  readonly origin: string;
  /** Stops what we started; leaves a broker we only found alone. */
  stop(): Promise<void>;
  /** Names of the queues and connections on it; absent for a broker that others may use too. */
  inventory?(): Promise<Inventory>;
}

export interface Inventory {
  readonly queues: readonly string[];
  readonly connections: readonly string[];
}
