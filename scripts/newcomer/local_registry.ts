import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a registry knows of one version of a package. */
interface Manifest {
  readonly name: string;
  readonly version: string;
}

/**
 * An npm registry on this machine that has one package, from a file, and sends whoever asks for another one to the
 * registry that is used otherwise. So a package is installed as its users will, before it is published.
 */
export class LocalRegistry implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  static async start(
    manifest: Manifest,
    tarball: string,
    elsewhere: string,
  ): Promise<LocalRegistry> {
    const bytes = readFileSync(tarball);
    const path = `/${manifest.name}/-/${manifest.name}-${manifest.version}.tgz`;
    const server = createServer(({ url = "/", headers }, response) => {
      if (url === path) response.end(bytes);
      else if (url === `/${manifest.name}`) {
        const found = describe(manifest, bytes, `http://${headers.host}${path}`);
        response.setHeader("content-type", "application/json").end(JSON.stringify(found));
      } else {
        response.writeHead(302, { location: new URL(url.slice(1), elsewhere).href }).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new LocalRegistry(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
function describe(manifest: Manifest, bytes: Uint8Array, tarball: string): object {
  const { name, version } = manifest;
  const digest = (algorithm: string, encoding: "base64" | "hex"): string =>
    createHash(algorithm).update(bytes).digest(encoding);
  const dist = {
    tarball,
    shasum: digest("sha1", "hex"),
    integrity: `sha512-${digest("sha512", "base64")}`,
  };
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
  };
}
