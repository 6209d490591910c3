/**
 * Typed remote calls and remote relations between services over RabbitMQ, for Node, Deno and Bun.
 *
 * | to                  | there is                                                                          |
 * | ------------------- | --------------------------------------------------------------------------------- |
 * | offer tasks         | {@link rpcTasks}, {@link TaskError}, {@link registerTasks}, {@link TaskRegistry}  |
 * | serve them          | {@link Worker}, or the command `bgtasks worker`                                   |
 * | do jobs, send them  | {@link jobTasks}, {@link JobClient}                                               |
 * | call them           | {@link RPCClient}, {@link TasksOf}, {@link BgtasksError} and what extends it      |
 * | answer by envelopes | {@link RPCResponse}, {@link RPCStatus}                                            |
 * | relate rows         | {@link remoteField}, {@link serializer}, {@link RemoteLoader}, {@link mergeMany}  |
 * | set things up       | {@link configure}, {@link Settings}                                               |
 * | test                | {@link recordCalls}, {@link injectFault}, {@link fakeTime}, {@link idle}          |
 *
 * @example
 * ```ts
 * import { configure, RPCClient, rpcTasks } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * const double = rpcTasks("math.double", (n: number) => n * 2);
 *
 * const client = new RPCClient();
 * console.log(await client.call(double, 21)); // 42
 * await client.close();
 * rpcTasks.delete("math.double");
 * ```
 *
 * @module
 */
export { RPCClient } from "./src/client/rpc_client.ts";
export {
  BgtasksError,
  ClosedError,
  ConnectionLostError,
  ConnectionRefusedError,
  JobUnconfirmedError,
  NoRouteError,
  NotJSONError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  RPCTimeoutError,
  SettingsError,
  TaskError,
  ValidationError,
} from "./src/errors.ts";
export { JobClient } from "./src/jobs/job_client.ts";
export { JobRegistry, jobTasks } from "./src/jobs/job_registry.ts";
export { NotAllSentError } from "./src/jobs/send_many.ts";
export { IntegerListSerializer } from "./src/serializers/integer_list_serializer.ts";
export { remoteField, remoteField as RemoteField } from "./src/serializers/remote_field.ts";
export { RemoteLoader } from "./src/serializers/remote_loader.ts";
export { serializer } from "./src/serializers/serializer.ts";
export { source } from "./src/serializers/source.ts";
export { configure } from "./src/settings/settings.ts";
export { registerTasks } from "./src/tasks/register_tasks.ts";
export { rpcTasks, TaskRegistry } from "./src/tasks/task_registry.ts";
export { merge, mergeDict, mergeMany, mergeObj } from "./src/rows/merge.ts";
export { FailResponseError, RPCResponse } from "./src/envelope/response.ts";
export { RPCStatus } from "./src/envelope/status.ts";
export { Worker } from "./src/worker/worker.ts";

export type { ClientCall, ClientMiddleware } from "./src/client/client_middleware.ts";
export type { DefaultHeaders } from "./src/client/default_headers.ts";
export type { ItemStream } from "./src/client/item_stream.ts";
export type { ItemsToSend } from "./src/client/item_sender.ts";
export type { ItemStreamOptions, ResumeStream } from "./src/client/stream_options.ts";
export type { CallContext } from "./src/context/call_context.ts";
export type { CallOptions } from "./src/client/call_options.ts";
export type {
  CallArguments,
  CallRoute,
  InputOf,
  ItemOf,
  ReplyOf,
  ReturnOf,
  Sending,
  SentOf,
  StreamArguments,
  StreamOptionsOf,
  TaskAt,
  TaskMap,
  TasksByRoute,
  TasksOf,
} from "./src/client/client_types.ts";
export type { RPCClientOptions } from "./src/client/rpc_client.ts";
export type { FieldErrors, SettingsProblem, ValidationIssue } from "./src/errors.ts";
export type {
  JobAt,
  JobClientOptions,
  JobInputOf,
  JobMap,
  JobRoute,
  SendArguments,
  SentJob,
} from "./src/jobs/job_client.ts";
export type { DeadReason } from "./src/jobs/dead_headers.ts";
export type { DeadLetter } from "./src/jobs/dead_letter.ts";
export type { DeadLetters, RetriedLetters } from "./src/jobs/dead_letters.ts";
export type { JobError } from "./src/jobs/job_error.ts";
export type { JobOptions, ResolvedJobOptions } from "./src/jobs/job_options.ts";
export type {
  JobRegistrar,
  JobRegistryConstructor,
  KnownJobOptions,
} from "./src/jobs/job_registry.ts";
export type { JobContext, JobTask } from "./src/jobs/job_task.ts";
export type { LetterChoice, LetterListOptions } from "./src/jobs/letter_choice.ts";
export type { ResolvedRetry, RetryFunction, RetryPolicy } from "./src/jobs/retry_policy.ts";
export type { JobSendManyOptions } from "./src/jobs/send_many.ts";
export type { JobSendOptions } from "./src/jobs/send_options.ts";
export type { Schema } from "./src/schema/schema.ts";
export type { RemoteClient, RemoteRow } from "./src/serializers/fetch_rows.ts";
export type { RemoteFailure } from "./src/serializers/failure.ts";
export type {
  ContextOf,
  RowOf,
  RowsFor,
  Serialized,
  SerializedRows,
  Settled,
  Validated,
} from "./src/serializers/infer.ts";
export type { RemoteOutput } from "./src/serializers/remote_output.ts";
export type { SerializerSchema } from "./src/serializers/schema_parts.ts";
export type {
  IntegerList,
  IntegerListOptions,
  IntegerListSerializerFactory,
} from "./src/serializers/integer_list_serializer.ts";
export type {
  AnyId,
  IdSchema,
  NestedSerializer,
  RemoteFieldIssue,
  RemoteFieldOptions,
  RemoteFieldSchema,
  RemoteRelation,
} from "./src/serializers/remote_field.ts";
export type { RemoteLoaderOptions } from "./src/serializers/remote_loader.ts";
export type {
  IncludeOption,
  OptionsFor,
  SerializeOptions,
  SerializerOptions,
  SettledRows,
  StreamOptions,
} from "./src/serializers/serializer_options.ts";
export type { Serializer } from "./src/serializers/serializer.ts";
export type { SourceAction } from "./src/serializers/source.ts";
export type { ValidationResult } from "./src/serializers/validate_input.ts";
export type { ReconnectSettings, Settings, TLSSettings } from "./src/settings/settings.ts";
export type { RegisterTasksOptions, TaskModule } from "./src/tasks/task_module.ts";
export type {
  CallerInput,
  HandlerContext,
  HandlerInput,
  HandlerOutput,
  Incoming,
  Items,
  Receives,
  ReceivesOf,
  ReturnedBy,
  RPCTask,
  TaskContext,
  TaskHandler,
  TaskOptions,
  TaskOutput,
  TaskRecord,
} from "./src/tasks/rpc_task.ts";
export type { Handled, NextTask, TaskCall, TaskMiddleware } from "./src/tasks/task_middleware.ts";
export type {
  KnownOptions,
  TaskRegistrar,
  TaskRegistryConstructor,
  UnknownOption,
} from "./src/tasks/task_registry.ts";
export type { LinkStatus, QueueOptions } from "./src/transport/transport.ts";
export type { MessageHeaders } from "./src/messages/message.ts";
export type { CompositeId, RowId, ScalarId } from "./src/rows/fields.ts";
export type { MergeDict } from "./src/rows/merge.ts";
export type { DataOf, RPCFail, RPCResponseFactory, RPCSuccess } from "./src/envelope/response.ts";
export type { RPCStatusConstants, RPCStatusText } from "./src/envelope/status.ts";
export type { JSONValueOf, SendableOf } from "./src/messages/json_value_of.ts";
export type { WorkerOptions } from "./src/worker/worker.ts";

export { fakeTime } from "./src/testing/fake_time.ts";
export { idle } from "./src/testing/idle.ts";
export { injectFault } from "./src/testing/inject_fault.ts";
export { recordCalls } from "./src/testing/record_calls.ts";
export type { FakeTime } from "./src/testing/fake_time.ts";
export type { IdleOptions } from "./src/testing/idle.ts";
export type { Fault } from "./src/testing/inject_fault.ts";
export type {
  CallOutcome,
  CallRecorder,
  RecordedCall,
  RecordedJob,
  WaitForOptions,
} from "./src/testing/record_calls.ts";
