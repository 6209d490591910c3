export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Skipped tests that say they need a broker, in their name or their message. */
  readonly brokerSkips: readonly string[];
  readonly failures: readonly TestFailure[];
}

export interface TestFailure {
  readonly name: string;
  /** What the runner tells of it: the error with its stack. */
  readonly text: string;
}

interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, or what failed. */
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
    failures: tests
      .filter(({ outcome }) => outcome === "failed")
      .map(({ name, message }) => ({ name: plain(name), text: message })),
  };
}

function toTestCase(attributes: string, body: string): TestCase {
  const name = attribute(attributes, "name");
  if (/<skipped\b/.test(body))
    return { name, outcome: "skipped", message: attribute(body, "message") };
  const [, text] = /<(?:failure|error)\b[^<]*?>([\s\S]*?)<\//.exec(body) ?? [];
  if (text === undefined) return { name, outcome: "passed", message: "" };
  return { name, outcome: "failed", message: plain(text).trim() };
}

const entities = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["amp", "&"],
]);

/** Text of XML without its entities. */
function plain(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+));/g, (entity, code?: string, name = "") =>
    code === undefined ? (entities.get(name) ?? entity) : String.fromCodePoint(Number(code)),
  );
}

function attribute(text: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
}

function parents(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(" &gt; "));
}
