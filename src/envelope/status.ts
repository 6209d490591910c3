/** The two words with which a handler says how it went. */
export type RPCStatusText = "success" | "fail";

/** What {@link RPCStatus} holds. */
export interface RPCStatusConstants {
  /** The status of a result. */
  readonly SUCCESS: "success";
  /** The status of a refusal. */
  readonly FAIL: "fail";
  /**
   * Whether a status, or an envelope that holds one, says success. Anything else is not a success; nothing throws.
   *
   * @example
   * ```ts
   * import { RPCStatus } from "bgtasks";
   *
   * RPCStatus.isSuccess({ status: "success", data: [] }); // true
   * RPCStatus.isSuccess("fail"); // false
   * ```
   */
  isSuccess(responseOrStatus: unknown): boolean;
}

/** The status words of {@link RPCResponse}. */
export const RPCStatus: RPCStatusConstants = {
  SUCCESS: "success",
  FAIL: "fail",
  isSuccess(responseOrStatus) {
    if (typeof responseOrStatus !== "object" || responseOrStatus === null)
      return responseOrStatus === "success";
    return "status" in responseOrStatus && responseOrStatus.status === "success";
  },
};
