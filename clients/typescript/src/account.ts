import { dataOf, type CallOptions, type Calls } from "./calls.js";
import { Listing } from "./pages.js";
import type { Answer, Body, Data, Query } from "./types.js";

/** `client.account`. Each method is an operation of the API; see its reference for details. */
export class Account {
    readonly #calls: Calls;

    constructor(calls: Calls) {
        this.#calls = calls;
    }

    /** Get a new key for a Privy token, or for an e-mail address and its password. */
    signIn(body: Body<"signIn">, options?: CallOptions): Promise<Data<"signIn">> {
        return dataOf(this.#calls.post("/v1/auth", body, options));
    }

    /** Create a user and a key. `null` when a link is sent that asks for the password. */
    signUp(body: Body<"signUp">, options?: CallOptions): Promise<Data<"signUp">> {
        return dataOf(this.#calls.post("/v1/auth/register", body, options));
    }

    /** Request an e-mail with a link to choose another password. */
    async requestPasswordReset(
        body: Body<"requestPasswordReset">,
        options?: CallOptions,
    ): Promise<void> {
        await this.#calls.post("/v1/auth/password-reset", body, options);
    }

    /** Choose a password with the token of such a link, or of a link for a sign-up. */
    async resetPassword(body: Body<"resetPassword">, options?: CallOptions): Promise<void> {
        await this.#calls.post("/v1/auth/reset-password", body, options);
    }

    /** Change the password, and end the user's other sessions. */
    changePassword(
        body: Body<"changePassword">,
        options?: CallOptions,
    ): Promise<Data<"changePassword">> {
        return dataOf(this.#calls.post("/v1/user/password", body, options));
    }

    /** Return the user of this key. */
    getProfile(options?: CallOptions): Promise<Data<"getProfile">> {
        return dataOf(this.#calls.get("/v1/user/profile", undefined, options));
    }

    /** Change the profile. A new `email` is sent a link, and is the user's once that was opened. */
    patchProfile(body: Body<"patchProfile">, options?: CallOptions): Promise<Data<"patchProfile">> {
        return dataOf(this.#calls.patch("/v1/user/profile", body, options));
    }

    /** Export everything that the account owns, as a file whose body is still to be read. */
    exportAccount(query?: Query<"exportAccount">, options?: CallOptions): Promise<Response> {
        return this.#calls.download("/v1/user/export", query, options);
    }

    /** List the available plans; needs no key. */
    listPlans(
        query?: Query<"listPlans">,
        options?: CallOptions,
    ): Listing<Data<"listPlans">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/plans", { ...query, ...place }, options),
        );
    }

    /** Return a plan; needs no key. */
    getPlan(planId: number, options?: CallOptions): Promise<Data<"getPlan">> {
        return dataOf(this.#calls.get(`/v1/plans/${planId}`, undefined, options));
    }

    /** Return the user's plan. */
    getUserPlan(options?: CallOptions): Promise<Data<"getUserPlan">> {
        return dataOf(this.#calls.get("/v1/user/plan", undefined, options));
    }

    /** Return how much of the plan is used. */
    getPlanUsage(options?: CallOptions): Promise<Data<"getPlanUsage">> {
        return dataOf(this.#calls.get("/v1/user/plan/usage", undefined, options));
    }

    /** Return what the plan includes, and whether `feature` is part of it. */
    getEntitlements(
        query?: Query<"getEntitlements">,
        options?: CallOptions,
    ): Promise<Data<"getEntitlements">> {
        return dataOf(this.#calls.get("/v1/user/plan/entitlements", query, options));
    }

    /** Return the usage of the keys in each environment. */
    getEnvironmentUsage(options?: CallOptions): Promise<Data<"getEnvironmentUsage">> {
        return dataOf(this.#calls.get("/v1/user/environment-usage", undefined, options));
    }

    /** List the user's notifications, newest first. */
    listNotifications(
        query?: Query<"listNotifications">,
        options?: CallOptions,
    ): Listing<Data<"listNotifications">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/user/notifications", { ...query, ...place }, options),
        );
    }

    /** Return the user's notification preferences. */
    readNotificationPreferences(
        options?: CallOptions,
    ): Promise<Data<"readNotificationPreferences">> {
        return dataOf(this.#calls.get("/v1/user/notifications/preferences", undefined, options));
    }

    /** Change the preferences; `null` removes the webhook. */
    changeNotificationPreferences(
        body: Body<"changeNotificationPreferences">,
        options?: CallOptions,
    ): Promise<Data<"changeNotificationPreferences">> {
        return dataOf(this.#calls.put("/v1/user/notifications/preferences", body, options));
    }

    /** Send a test notification, at most once a minute. */
    sendTestNotification(options?: CallOptions): Promise<Answer<"sendTestNotification">> {
        return this.#calls.post("/v1/user/notifications/test", {}, options);
    }

    /** Send a report of the usage of the last days, at most once a minute. */
    sendUsageReport(
        body: Body<"sendUsageReport"> = {},
        options?: CallOptions,
    ): Promise<Answer<"sendUsageReport">> {
        return this.#calls.post("/v1/user/notifications/send-usage-report", body, options);
    }

    /** Return the user's code; create it if there is none. */
    generateReferralCode(options?: CallOptions): Promise<Data<"generateReferralCode">> {
        return dataOf(this.#calls.post("/v1/referral/generate", {}, options));
    }

    /** Return the user's code. */
    readReferralCode(options?: CallOptions): Promise<Data<"readReferralCode">> {
        return dataOf(this.#calls.get("/v1/referral/code", undefined, options));
    }

    /** Check whether a code can be applied. */
    validateReferralCode(
        body: Body<"validateReferralCode">,
        options?: CallOptions,
    ): Promise<Data<"validateReferralCode">> {
        return dataOf(this.#calls.post("/v1/referral/validate", body, options));
    }

    /** Apply another user's code; possible once. */
    applyReferralCode(
        body: Body<"applyReferralCode">,
        options?: CallOptions,
    ): Promise<Data<"applyReferralCode">> {
        return dataOf(this.#calls.post("/v1/referral/apply", body, options));
    }

    /** Return the users who applied the code, and the bonuses. */
    readReferralStats(
        query?: Query<"readReferralStats">,
        options?: CallOptions,
    ): Promise<Data<"readReferralStats">> {
        return dataOf(this.#calls.get("/v1/referral/stats", query, options));
    }
}
