/** The base class of this client's errors. */
export class GatewayzError extends Error {
    override get name(): string {
        return this.constructor.name;
    }
}

/** No complete answer came; the service may have executed the request. */
export class UnreachableError extends GatewayzError {}

/** The service answered with a problem object (RFC 9457). */
export class ProblemError extends GatewayzError {
    readonly status: number;
    /** The reason, for programs. */
    readonly code: string;
    /** A sentence to show to people. */
    readonly detail: string;
    /** The errors, by field. */
    readonly errors: Record<string, unknown>;
    readonly requestId: string;
    /** When to ask again, if the service says so. */
    readonly retryAfterSeconds: number | undefined;

    constructor(response: Response, problem: Partial<Problem>) {
        const code = problem.code ?? `http_${response.status}`;
        const detail = problem.detail ?? response.statusText;
        super(`${response.status} ${code}: ${detail}`);
        this.status = response.status;
        this.code = code;
        this.detail = detail;
        this.errors = problem.errors ?? {};
        this.requestId = response.headers.get("X-Request-ID") ?? "";
        const retryAfter = response.headers.get("Retry-After") ?? "";
        this.retryAfterSeconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
    }
}

/** 400, 413, 415, 422: the request is not valid. */
export class InvalidError extends ProblemError {}

/** 401: the key is missing, unknown, inactive or expired. */
export class UnauthorizedError extends ProblemError {}

/** 403: the key may not do this, or not from this address or site. */
export class ForbiddenError extends ProblemError {}

/** 404: it does not exist, or is not yours. */
export class NotFoundError extends ProblemError {}

/** 409: the request conflicts with the current state. */
export class ConflictError extends ProblemError {}

/** 429: a limit is reached; `code` names it. */
export class LimitError extends ProblemError {}

/** 503: the service could not answer in time. */
export class UnavailableError extends ProblemError {}

interface Problem {
    code: string;
    detail: string;
    errors: Record<string, unknown>;
}

function classOf(status: number): typeof ProblemError {
    switch (status) {
        case 400:
        case 413:
        case 415:
        case 422:
            return InvalidError;
        case 401:
            return UnauthorizedError;
        case 403:
            return ForbiddenError;
        case 404:
            return NotFoundError;
        case 409:
            return ConflictError;
        case 429:
            return LimitError;
        case 503:
            return UnavailableError;
        default:
            return ProblemError;
    }
}

/** The error for an answer that is no success. A proxy may have answered in its own way. */
export async function problemOf(response: Response): Promise<ProblemError> {
    const text = await response.text();
    let problem: unknown;
    try {
        problem = JSON.parse(text);
    } catch {
        problem = undefined;
    }
    const isObject = typeof problem === "object" && problem !== null;
    return new (classOf(response.status))(response, isObject ? (problem as Partial<Problem>) : {});
}
