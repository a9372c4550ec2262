import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
type Operations = operations;

/** The name of an operation of `/v1/schema`. */
export type OperationName = keyof Operations;

/** What an operation takes in the query of its address. */
export type Query<Name extends OperationName> = NonNullable<
    Operations[Name]["parameters"]["query"]
>;

/** What an operation takes in its body. */
export type Body<Name extends OperationName> = Operations[Name] extends {
    requestBody?: { content: { "application/json": infer Given } };
}
    ? Given
    : never;

type Json<Response> = Response extends { content: { "application/json": infer Given } }
    ? Given
    : never;

/** The whole answer of an operation. */
export type Answer<Name extends OperationName> = Json<
    Operations[Name]["responses"][keyof Operations[Name]["responses"]]
>;

/** The `data` of an operation's answer. */
export type Data<Name extends OperationName> =
    Answer<Name> extends { data: infer Given } ? Given : never;

export type ActivityEvent = Schemas["ActivityEvent"];
export type ApiKey = Schemas["ApiKey"];
export type Feedback = Schemas["Feedback"];
export type FeedbackStatistics = Schemas["FeedbackStatistics"];
export type Match = Schemas["Match"];
export type Message = Schemas["Message"];
export type MessageInput = Schemas["MessageInput"];
export type MessageStatus = Schemas["MessageStatus"];
export type Plan = Schemas["Plan"];
export type Profile = Schemas["Profile"];
export type Role = Schemas["Role"];
export type SavedMessages = Schemas["SavedMessages"];
export type Session = Schemas["Session"];
export type SessionDetail = Schemas["SessionDetail"];
export type SessionInput = Schemas["SessionInput"];
export type Share = Schemas["Share"];
export type SharedSession = Schemas["SharedSession"];
