export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Skipped tests that say they need a broker, in their name or their message. */
  readonly brokerSkips: readonly string[];
}

interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly message: string;
}

// Node leaves ">" bare inside an attribute, so attributes are matched with their quotes.
const testCase = /<testcase\b((?:\s+[\w-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const needsBroker = /needs? (?:a |the )?broker/i;

/** Counts the tests in the JUnit report of node, deno or bun. */
export function readJUnitReport(xml: string): TestCounts {
  const cases = [...xml.matchAll(testCase)].map(([, attributes = "", body = ""]) =>
    toTestCase(attributes, body),
  );
  // Deno lists a describe() block beside its tests, as "a" beside "a > b".
  const containers = new Set(cases.flatMap(({ name }) => parents(name)));
  // Node lists a file that holds no test as a test that passed.
  const isEmptyFile = ({ name, outcome }: TestCase): boolean =>
    outcome === "passed" && name.endsWith(".test.ts");
  const tests = cases.filter((test) => !containers.has(test.name) && !isEmptyFile(test));
  const count = (outcome: TestCase["outcome"]): number =>
    tests.filter((test) => test.outcome === outcome).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    brokerSkips: tests
      .filter(
        ({ name, outcome, message }) =>
          outcome === "skipped" && needsBroker.test(`${name} ${message}`),
      )
      .map(({ name }) => name),
  };
}

function toTestCase(attributes: string, body: string): TestCase {
  const outcome = /<skipped\b/.test(body)
    ? "skipped"
    : /<(?:failure|error)\b/.test(body)
      ? "failed"
      : "passed";
  return {
    name: attribute(attributes, "name"),
    outcome,
    message: outcome === "skipped" ? attribute(body, "message") : "",
  };
}

function attribute(text: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
}

function parents(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(" &gt; "));
}
