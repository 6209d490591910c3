import { BgtasksError } from "../errors.ts";
import { RPCStatus } from "./status.ts";

/** A handler's data. */
export interface RPCSuccess<Data> {
  /** Tells it from {@link RPCFail}. */
  readonly status: "success";
  /** The result. */
  readonly data: Data;
}

/** A handler's refusal: what was wrong, most often messages by field. */
export interface RPCFail<Errors> {
  /** Tells it from {@link RPCSuccess}. */
  readonly status: "fail";
  /** What was wrong. */
  readonly data: Errors;
}

/** The envelope that handlers answer with: `status` tells which of the two it is. */
export type RPCResponse<Data = unknown, Errors = unknown> = RPCSuccess<Data> | RPCFail<Errors>;

/** What {@link RPCResponse} can do. */
export interface RPCResponseFactory {
  <Data>(content: { readonly data: Data }): RPCSuccess<Data>;
  <Errors>(content: { readonly errors: Errors }): RPCFail<Errors>;
  /** Whether a value, e.g. a reply of an untyped call, is an envelope. */
  is(value: unknown): value is RPCResponse;
  /**
   * The data of a success.
   *
   * @throws BgtasksError with `code` `"fail_response"` for a `fail` envelope, `"not_a_response"` for what is no envelope
   */
  unwrap<Response extends RPCResponse>(response: Response): DataOf<Response>;
}

/** The data of the success among the envelopes of a union. */
export type DataOf<Response> = Response extends RPCSuccess<infer Data> ? Data : never;

/** Thrown by {@link RPCResponse.unwrap} for a `fail` envelope. `code` is `"fail_response"`. */
export class FailResponseError extends BgtasksError {
  /** The envelope's data: what was wrong. */
  readonly errors: unknown;

  /** @param subject what was unwrapped, when a caller knows more about it, e.g. `the reply of "images.byIds"` */
  /** Made by {@link RPCResponse.unwrap} and by serializers. */
  constructor(errors: unknown, subject = "the response") {
    super("fail_response", `Cannot unwrap ${subject} as its status is "fail": ${preview(errors)}`);
    this.errors = errors;
  }
}

/**
 * Builds the envelope `{ status, data }` from either `data` or `errors`: a plain object, equal to the literal.
 *
 * @throws BgtasksError with `code` `"invalid_response"` for neither or both
 * @example
 * ```ts
 * import { RPCResponse } from "bgtasks";
 *
 * RPCResponse({ data: [{ id: 1, name: "Tom" }] }); // { status: "success", data: [{ id: 1, name: "Tom" }] }
 * RPCResponse({ errors: { email: ["Not an email."] } }); // { status: "fail", data: { email: ["Not an email."] } }
 * ```
 */
export const RPCResponse: RPCResponseFactory = Object.assign(
  // `never` fits both overloads of the interface; which of them it is, the arguments tell.
  (content: { readonly data?: unknown; readonly errors?: unknown }): never => {
    const hasData = content.data !== undefined;
    const hasErrors = content.errors !== undefined;
    if (hasData === hasErrors) {
      const seen = hasData ? "both" : "neither";
      throw new BgtasksError(
        "invalid_response",
        `Cannot build a response as it takes either data or errors: ${seen} given`,
      );
    }
    const status = hasData ? RPCStatus.SUCCESS : RPCStatus.FAIL;
    return { status, data: hasData ? content.data : content.errors } as never;
  },
  {
    is(value: unknown): value is RPCResponse {
      if (typeof value !== "object" || value === null || !("status" in value) || !("data" in value))
        return false;
      return value.status === RPCStatus.SUCCESS || value.status === RPCStatus.FAIL;
    },
    unwrap<Response extends RPCResponse>(response: Response): DataOf<Response> {
      if (!RPCResponse.is(response)) {
        throw new BgtasksError(
          "not_a_response",
          `Cannot unwrap as this is no { status, data }: ${preview(response)}`,
        );
      }
      if (response.status === RPCStatus.FAIL) throw new FailResponseError(response.data);
      // A success: the compiler cannot tell which of a union's members it is.
      return response.data as DataOf<Response>;
    },
  },
);

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
