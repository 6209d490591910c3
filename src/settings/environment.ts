/**
 * Reads one environment variable on Node, Deno and Bun; `undefined` where there is no environment.
 *
 * On Deno a variable that `--allow-env` does not cover counts as not set: a library that stops the program
 * with a permission prompt for a variable nobody wanted to give it would be worse.
 */
export function readEnvironment(name: string): string | undefined {
  const { Deno, process } = globalThis as Runtime;
  if (Deno) {
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    return state === "granted" ? Deno.env.get(name) : undefined;
  }
  return process?.env?.[name];
}

interface Runtime {
  readonly Deno?: {
    readonly env: { get(name: string): string | undefined };
    readonly permissions: {
      querySync(descriptor: { name: "env"; variable: string }): { state: string };
    };
  };
  readonly process?: { readonly env?: Record<string, string | undefined> };
}
