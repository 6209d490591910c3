import { connect } from "node:net";

import { waitFor } from "./wait_for.ts";

/** Waits until somebody listens at a port: a broker opens those of TLS after the plain one. */
export async function waitForPort(port: number): Promise<void> {
  await waitFor(() => accepts(port), `a listener at port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
