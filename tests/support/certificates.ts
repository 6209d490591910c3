import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runCommand } from "../../scripts/run_command.ts";

/** A certificate and its key, as files and as text. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A private authority for one test, that signs certificates by `openssl`. */
export class CertificateAuthority implements Disposable {
  readonly certFile: string;
  readonly cert: string;
  readonly #folder: string;

  static async create(name: string, root = ""): Promise<CertificateAuthority> {
    // Where a broker behind chroot sees it too.
    const folder = mkdtempSync(join(root, tmpdir(), "bgtasks-certificates-"));
    await openssl(folder, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", `/CN=${name}`],
    ]);
    return new CertificateAuthority(folder);
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.certFile = join(folder, "ca.pem");
    this.cert = readFileSync(this.certFile, "utf8");
  }

  /** Signs a certificate, for a server with the names that it is reached by. */
  async sign(name: string, hosts: readonly string[] = []): Promise<Certificate> {
    const [key, request, cert, extensions] = ["key", "csr", "pem", "ext"].map(
      (ending) => `${name}.${ending}`,
    ) as [string, string, string, string];
    const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`));
    writeFileSync(
      join(this.#folder, extensions),
      names.length > 0 ? `subjectAltName=${names.join(",")}\n` : "basicConstraints=CA:FALSE\n",
    );
    await openssl(this.#folder, [
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", key, "-out", request, "-subj", `/CN=${name}`],
    ]);
    await openssl(this.#folder, [
      ...["x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-days", "2", "-extfile", extensions, "-out", cert],
    ]);
    const [certFile, keyFile] = [join(this.#folder, cert), join(this.#folder, key)];
    const [certText, keyText] = [readFileSync(certFile, "utf8"), readFileSync(keyFile, "utf8")];
    return { certFile, keyFile, cert: certText, key: keyText };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand("openssl", args, { cwd });
  if (code !== 0) throw new Error(`Cannot run openssl ${args.join(" ")}: ${output}`);
}
