import { dataOf, type CallOptions, type Calls } from "./calls.js";
import { Listing } from "./pages.js";
import type { Answer, ApiKey, Body, Data, Query } from "./types.js";

/** `client.keys`. Each method is an operation of the API; see its reference for details. */
export class Keys {
    readonly #calls: Calls;

    constructor(calls: Calls) {
        this.#calls = calls;
    }

    /** Create a key. `api_key` beside `data` is the secret, shown only once. */
    createApiKey(
        body: Body<"createApiKey">,
        options?: CallOptions,
    ): Promise<Answer<"createApiKey">> {
        return this.#calls.post("/v1/user/api-keys", body, options);
    }

    /** List the keys, masked. */
    listApiKeys(
        query?: Query<"listApiKeys">,
        options?: CallOptions,
    ): Listing<Data<"listApiKeys">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/user/api-keys", { ...query, ...place }, options),
        );
    }

    /** Return a key, masked. */
    readApiKey(keyId: number, options?: CallOptions): Promise<Data<"readApiKey">> {
        return dataOf(this.#calls.get(`/v1/user/api-keys/${keyId}`, undefined, options));
    }

    /** Change a key. 0 for `expiration_days` or `max_requests` removes that limit. */
    changeApiKey(
        keyId: number,
        body: Omit<Body<"changeApiKey">, "action" | "grace_seconds">, // to rotate: rotateApiKey
        options?: CallOptions,
    ): Promise<ApiKey> {
        return dataOf(this.#calls.put(`/v1/user/api-keys/${keyId}`, body, options));
    }

    /** Give a key another secret; the old one keeps working for `grace_seconds`. */
    rotateApiKey(
        keyId: number,
        body: Body<"rotateApiKey"> = {},
        options?: CallOptions,
    ): Promise<Answer<"rotateApiKey">> {
        return this.#calls.post(`/v1/user/api-keys/${keyId}/rotate`, body, options);
    }

    /** Delete a key; the last one that can manage keys needs `confirm_last_key`. */
    async deleteApiKey(
        keyId: number,
        { confirm_last_key = false }: { confirm_last_key?: boolean } = {},
        options?: CallOptions,
    ): Promise<void> {
        const body = { confirmation: "DELETE_KEY", confirm_last_key };
        await this.#calls.delete(`/v1/user/api-keys/${keyId}`, { ...options, body });
    }

    /** List requests, tokens and cost of each key, in all and today. */
    apiKeyUsage(
        query?: Query<"apiKeyUsage">,
        options?: CallOptions,
    ): Listing<Data<"apiKeyUsage">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/user/api-keys/usage", { ...query, ...place }, options),
        );
    }

    /** List who changed what, newest first. */
    listAuditLog(
        query?: Query<"listAuditLog">,
        options?: CallOptions,
    ): Listing<Data<"listAuditLog">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/user/api-keys/audit-logs", { ...query, ...place }, options),
        );
    }

    /** List the keys' activity, newest first. */
    activityLog(
        query?: Query<"activityLog">,
        options?: CallOptions,
    ): Listing<Data<"activityLog">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/activity/log", { ...query, ...place }, options),
        );
    }

    /** Summarise the activity by day, model and provider; the days are those of `tz`. */
    activityStats(
        query?: Query<"activityStats">,
        options?: CallOptions,
    ): Promise<Data<"activityStats">> {
        return dataOf(this.#calls.get("/v1/activity/stats", query, options));
    }

    /** List the limits of each key, and how much of them is used. */
    listRateLimits(
        query?: Query<"listRateLimits">,
        options?: CallOptions,
    ): Listing<Data<"listRateLimits">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/user/rate-limits", { ...query, ...place }, options),
        );
    }

    /** Return the limits of one key, and how much of them is used. */
    getRateLimitUsage(
        keyId: number,
        query?: Query<"getRateLimitUsage">,
        options?: CallOptions,
    ): Promise<Data<"getRateLimitUsage">> {
        return dataOf(this.#calls.get(`/v1/user/rate-limits/usage/${keyId}`, query, options));
    }

    /** Set limits of a key within its user's plan; 0 means the plan's limit. */
    setRateLimits(
        keyId: number,
        body: Body<"setRateLimits">,
        options?: CallOptions,
    ): Promise<Data<"setRateLimits">> {
        return dataOf(this.#calls.put(`/v1/user/rate-limits/${keyId}`, body, options));
    }

    /** Set the limits of every key of the user. */
    setAllRateLimits(
        body: Body<"setAllRateLimits">,
        options?: CallOptions,
    ): Promise<Data<"setAllRateLimits">> {
        return dataOf(this.#calls.post("/v1/user/rate-limits/bulk-update", body, options));
    }
}
