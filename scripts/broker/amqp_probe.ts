import { connect } from "node:net";

const protocolHeader = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/**
 * Whether something at this address speaks AMQP 0-9-1: it is sent the protocol header and must answer with
 * a method frame on channel 0 that is Connection.Start (class 10, method 10).
 */
export function speaksAmqp(host: string, port: number, timeout = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let seen: number[] = [];
    const settle = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(false), timeout);
    socket.on("connect", () => socket.write(protocolHeader));
    socket.on("data", (chunk: Uint8Array) => {
      seen = [...seen, ...chunk.subarray(0, 11)];
      if (seen.length >= 11) settle(isConnectionStart(seen));
    });
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
  });
}

/** Frame: type (1), channel (2), size (4), then class (2) and method (2). */
function isConnectionStart(bytes: readonly number[]): boolean {
  return (
    [1, 0, 0].every((byte, i) => bytes[i] === byte) &&
    [0, 10, 0, 10].every((byte, i) => bytes[7 + i] === byte)
  );
}

/** Whether anything accepts a TCP connection there. */
export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}
