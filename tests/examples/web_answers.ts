/** What an example's web API answered, by request, from what the example printed: status and body. */
export function webAnswers(stdout: string): Record<string, [status: number, body: unknown]> {
  const found = [...stdout.matchAll(/^((?:GET|POST) .*)\n {2}(\d+) (.*)$/gm)];
  return Object.fromEntries(
    found.map(([, request, status, body]) => [request, [Number(status), JSON.parse(body ?? "")]]),
  );
}
