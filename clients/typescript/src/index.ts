export { Account } from "./account.js";
export type { CallOptions, ClientOptions, OnceOptions } from "./calls.js";
export { Chat, type ExportLine } from "./chat.js";
export { Gatewayz } from "./client.js";
export { Keys } from "./keys.js";
export { Listing, type Page } from "./pages.js";
export {
    ConflictError,
    ForbiddenError,
    GatewayzError,
    InvalidError,
    LimitError,
    NotFoundError,
    ProblemError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
} from "./problems.js";
export type { components, operations, paths } from "./schema.js";
export type * from "./types.js";
