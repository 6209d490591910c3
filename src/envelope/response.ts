import { BgtasksError } from "../errors.ts";
import { nameOf } from "../options/rules.ts";
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
  /** The same with `new`, for those who read its name as a class's. */
  new <Data>(content: { readonly data: Data }): RPCSuccess<Data>;
  /** A refusal, with `new`. */
  new <Errors>(content: { readonly errors: Errors }): RPCFail<Errors>;
  /** Whether a value, e.g. a reply of an untyped call, is an envelope. */
  is(value: unknown): value is RPCResponse;
  /**
   * The data of a success.
   *
   * @throws BgtasksError with `code` `"fail_response"` for a `fail` envelope, `"not_a_response"` for what is not an envelope
   */
  unwrap<Response extends RPCResponse>(response: Response): DataOf<Response>;
}

/** The data of the success among the envelopes of a union. */
export type DataOf<Response> = Response extends RPCSuccess<infer Data> ? Data : never;

/** Thrown by {@link RPCResponse.unwrap} for a `fail` envelope. `code` is `"fail_response"`. */
export class FailResponseError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "FailResponseError";
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
export const RPCResponse: RPCResponseFactory = /* @__PURE__ */ Object.assign(
  // Not an arrow, so that `new` may stand before it; what it returns is then the result of `new`, too.
  function build(content: { readonly data?: unknown; readonly errors?: unknown }) {
    if (typeof content !== "object" || content === null) {
      const rule = `it takes { data } or { errors }: ${nameOf(content)}`;
      throw new BgtasksError("invalid_response", `Cannot build a response as ${rule}`);
    }
    const hasData = content.data !== undefined;
    const hasErrors = content.errors !== undefined;
    if (hasData === hasErrors) {
      const rule = `it takes either data or errors: ${hasData ? "both" : "neither"} given`;
      throw new BgtasksError("invalid_response", `Cannot build a response as ${rule}`);
    }
    const status = hasData ? RPCStatus.SUCCESS : RPCStatus.FAIL;
    return { status, data: hasData ? content.data : content.errors };
  },
  { is: isResponse, unwrap },
  // The overloads say which of the two it is by the arguments, and that it may be constructed.
) as unknown as RPCResponseFactory;

function isResponse(value: unknown): value is RPCResponse {
  if (typeof value !== "object" || value === null || !("status" in value) || !("data" in value))
    return false;
  return value.status === RPCStatus.SUCCESS || value.status === RPCStatus.FAIL;
}

function unwrap<Response extends RPCResponse>(response: Response): DataOf<Response> {
  if (!isResponse(response)) {
    const seen = isThenable(response)
      ? "a promise: await it, as in RPCResponse.unwrap(await client.call(…))"
      : `which must be { status, data }: ${preview(response)}`;
    throw new BgtasksError("not_a_response", `Cannot unwrap this value, ${seen}`);
  }
  if (response.status === RPCStatus.FAIL) throw new FailResponseError(response.data);
  // A success: the compiler cannot tell which of a union's members it is.
  return response.data as DataOf<Response>;
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
