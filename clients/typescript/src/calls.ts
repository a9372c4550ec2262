import { ProblemError, UnreachableError, problemOf } from "./problems.js";

/** How a client sends its requests. */
export interface ClientOptions {
    /** The longest wait for one answer; 15 by default. */
    timeoutSeconds?: number;
    /** How often a request is sent, at most; 4 by default. */
    attempts?: number;
    /**
     * The longest pause before a retry, 30 by default; an error that asks for a longer one (a limit
     * of the day or month) is thrown immediately.
     */
    longestWaitSeconds?: number;
    /** Used in place of the global `fetch`. */
    fetch?: typeof fetch;
}

/** What every method takes as its last argument. */
export interface CallOptions {
    /** Ends the request, and the pauses between its attempts. */
    signal?: AbortSignal;
    /** In place of the client's `timeoutSeconds`. */
    timeoutSeconds?: number;
}

/** What a method takes that the service executes only once. */
export interface OnceOptions extends CallOptions {
    /** Made by the client when it is not given. */
    idempotencyKey?: string;
}

interface Request extends CallOptions {
    method: string;
    path: string;
    query?: object | undefined;
    body?: object | undefined;
    idempotencyKey?: string;
    /** Whether it may be executed twice without harm; so it is unless this is false. */
    isRepeatable?: boolean;
}

type Reader<Result> = (response: Response) => Result | Promise<Result>;

const FIRST_PAUSE_SECONDS = 0.2;

/** Answers to requests that the service did not begin: any of them may be repeated. */
const NOT_BEGUN = "overloaded";

/** Sends requests to the service, and repeats those that are safe to repeat. */
export class Calls {
    readonly #headers: Record<string, string>;
    readonly #baseUrl: string;
    readonly #options: ClientOptions;

    constructor(apiKey: string | null, baseUrl: string, options: ClientOptions) {
        this.#headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
        this.#baseUrl = baseUrl.replace(/\/+$/, "");
        this.#options = options;
    }

    get<Answer>(path: string, query?: object, options?: CallOptions): Promise<Answer> {
        return this.#send({ ...options, method: "GET", path, query }, json<Answer>);
    }

    put<Answer>(path: string, body: object, options?: CallOptions): Promise<Answer> {
        return this.#send({ ...options, method: "PUT", path, body }, json<Answer>);
    }

    patch<Answer>(path: string, body: object, options?: CallOptions): Promise<Answer> {
        return this.#send({ ...options, method: "PATCH", path, body }, json<Answer>);
    }

    delete<Answer>(
        path: string,
        { query, body, ...options }: CallOptions & Pick<Request, "query" | "body"> = {},
    ): Promise<Answer> {
        return this.#send({ ...options, method: "DELETE", path, query, body }, json<Answer>);
    }

    /** Send a POST, which is repeated only when the service did not begin it. */
    post<Answer>(path: string, body: object, options?: CallOptions): Promise<Answer> {
        const request = { ...options, method: "POST", path, body, isRepeatable: false };
        return this.#send(request, json<Answer>);
    }

    /** Send a POST with an Idempotency-Key, which the service executes only once. */
    postOnce<Answer>(path: string, body: object, options?: OnceOptions): Promise<Answer> {
        const idempotencyKey = options?.idempotencyKey ?? uniqueKey();
        return this.#send({ ...options, method: "POST", path, body, idempotencyKey }, json<Answer>);
    }

    /** Send a GET; the body of its answer is not read yet. */
    download(path: string, query?: object, options?: CallOptions): Promise<Response> {
        return this.#send({ ...options, method: "GET", path, query }, (response) => response);
    }

    async #send<Result>(request: Request, read: Reader<Result>): Promise<Result> {
        for (let attempt = 1; ; attempt++) {
            try {
                return await this.#attempt(request, read);
            } catch (error) {
                const pauseSeconds = pauseAfter(error, attempt, request.isRepeatable);
                const isLast = attempt >= (this.#options.attempts ?? 4);
                const isTooLong = pauseSeconds > (this.#options.longestWaitSeconds ?? 30);
                if (isLast || isTooLong) throw error;
                await pause(pauseSeconds, request.signal);
            }
        }
    }

    async #attempt<Result>(request: Request, read: Reader<Result>): Promise<Result> {
        const { method, path, query, body, signal, idempotencyKey } = request;
        signal?.throwIfAborted();
        const seconds = request.timeoutSeconds ?? this.#options.timeoutSeconds ?? 15;
        const controller = new AbortController();
        const abort = (): void => controller.abort(signal?.reason);
        const timer = setTimeout(
            () => controller.abort(new Error(`No answer in ${seconds} s`)),
            seconds * 1000,
        );
        signal?.addEventListener("abort", abort, { once: true });
        let result: Result | undefined;
        try {
            const response = await (this.#options.fetch ?? fetch)(
                this.#baseUrl + path + text(query),
                {
                    method,
                    headers: {
                        ...this.#headers,
                        ...(body && { "Content-Type": "application/json" }),
                        ...(idempotencyKey && { "Idempotency-Key": idempotencyKey }),
                    },
                    ...(body && { body: JSON.stringify(body) }),
                    signal: controller.signal,
                },
            );
            if (!response.ok) throw await problemOf(response);
            result = await read(response);
            return result;
        } catch (error) {
            signal?.throwIfAborted();
            if (error instanceof ProblemError) throw error;
            throw new UnreachableError(`${method} ${path}: ${error}`, { cause: error });
        } finally {
            clearTimeout(timer);
            // What is still to be read ends with the signal, too.
            if (!(result instanceof Response)) signal?.removeEventListener("abort", abort);
        }
    }
}

/** A query string of the values that are given. */
function text(query: object | undefined): string {
    const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return given.length ? `?${search}` : "";
}

/** The `data` of an answer. */
export async function dataOf<Given>(answer: Promise<{ data: Given }>): Promise<Given> {
    return (await answer).data;
}

function json<Answer>(response: Response): Promise<Answer> {
    return response.json() as Promise<Answer>;
}

/** The seconds before the next attempt: as the service says, else random, and doubled each time. */
function pauseAfter(error: unknown, attempt: number, isRepeatable = true): number {
    if (error instanceof ProblemError) {
        const isBegun = error.status !== 429 && error.code !== NOT_BEGUN;
        if (isBegun && !(isRepeatable && [502, 503, 504].includes(error.status))) return Infinity;
        if (error.retryAfterSeconds !== undefined) return error.retryAfterSeconds;
    } else if (!isRepeatable || !(error instanceof UnreachableError)) return Infinity;
    return FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
        const end = (): void => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", end);
            resolve();
        }, seconds * 1000);
        if (signal?.aborted) end();
        signal?.addEventListener("abort", end, { once: true });
    });
}

/** Unique but not secret: Node 18 and pages without https have no `randomUUID`. */
function uniqueKey(): string {
    const random = (): string => Math.random().toString(36).slice(2);
    return globalThis.crypto?.randomUUID?.() ?? `${random()}${random()}${random()}`;
}
