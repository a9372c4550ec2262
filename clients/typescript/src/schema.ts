// Made by schema.mjs. Do not change it by hand.

export interface paths {
    "/v1/activity/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List activity, newest first */
        get: operations["activityLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/activity/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show activity totals by day, model and provider */
        get: operations["activityStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in with a Privy token, or e-mail address and password, to get an API key */
        post: operations["signIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Request a password reset link; the answer does not say whether one was sent */
        post: operations["requestPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign up with an e-mail address: 202 and an e-mailed link, or 201 and an API key */
        post: operations["signUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/reset-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set a password with the token from a reset or sign-up link */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export all your chats: one JSON object per line, a ZIP of that, JSON, or to be read */
        get: operations["exportAll"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List feedback, newest first */
        get: operations["listFeedback"];
        put?: never;
        /** Give feedback */
        post: operations["giveFeedback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/feedback/{feedback_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change feedback; absent or null fields stay unchanged */
        put: operations["changeFeedback"];
        post?: never;
        /** Withdraw feedback */
        delete: operations["withdrawFeedback"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/feedback/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count feedback, in total and by model */
        get: operations["feedbackStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/folders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List folders by name */
        get: operations["listFolders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Import chats: our exports, those of ChatGPT, Claude, Open WebUI and LibreChat, and messages of OpenAI and Anthropic */
        post: operations["importChat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your imports of long files, newest first */
        get: operations["listImports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/imports/{import_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See how far an import is */
        get: operations["getImport"];
        put?: never;
        post?: never;
        /** Cancel an import; what it has imported stays */
        delete: operations["cancelImport"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Search titles and messages */
        post: operations["searchChats"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List sessions, most recently touched first */
        get: operations["listSessions"];
        put?: never;
        /** Create a session, or return the one with its `external_id` */
        post: operations["createSession"];
        /** Delete up to 500 sessions, which the body names: `{"ids": [17, 18]}`; or, with `end_user_id` and no body, erase all sessions of that person for good */
        delete: operations["deleteSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a session and a page of its messages, oldest first */
        get: operations["readSession"];
        /** Rename, sort, pin or archive a session, or show another branch; absent fields stay */
        put: operations["updateSession"];
        post?: never;
        /** Delete a session */
        delete: operations["deleteSession"];
        options?: never;
        head?: never;
        /** Rename, sort, pin or archive a session, or show another branch; absent fields stay */
        patch: operations["patchSession"];
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export a session */
        get: operations["exportSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the feedback of a session */
        get: operations["listSessionFeedback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Copy a session, up to a message */
        post: operations["forkSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a page of a session's messages, oldest first */
        get: operations["listMessages"];
        put?: never;
        /** Append a message, or replace the one with its `client_id` */
        post: operations["appendMessage"];
        /** Delete all messages that follow one */
        delete: operations["truncateMessages"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/messages/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a message */
        get: operations["readMessage"];
        /** Change a message; absent: unchanged */
        put: operations["updateMessage"];
        post?: never;
        /** Delete a message; those that follow it then follow what it followed */
        delete: operations["deleteMessage"];
        options?: never;
        head?: never;
        /** Change a message; absent: unchanged */
        patch: operations["patchMessage"];
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/messages/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Append up to 500 messages, or none */
        post: operations["appendMessages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/{session_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted session */
        post: operations["restoreSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/sessions/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create several sessions */
        post: operations["createSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/share": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List public links, newest first */
        get: operations["listShares"];
        put?: never;
        /** Create a public link to a session */
        post: operations["shareSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/share/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a shared session, without a key */
        get: operations["readShare"];
        put?: never;
        post?: never;
        /** Revoke a public link */
        delete: operations["revokeShare"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count sessions, messages and tokens */
        get: operations["chatStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tags, the most frequent first */
        get: operations["listTags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the plans on offer */
        get: operations["listPlans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans/{plan_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a plan */
        get: operations["getPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referral/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Apply another user's referral code, once */
        post: operations["applyReferralCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referral/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read your referral code, created when first read */
        get: operations["readReferralCode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referral/generate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create your referral code; 200 with the existing one if there is one */
        post: operations["generateReferralCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referral/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the statistics of your referral code */
        get: operations["readReferralStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referral/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check whether you may apply a referral code */
        post: operations["validateReferralCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List keys, newest first */
        get: operations["listApiKeys"];
        put?: never;
        /** Create a key; absent or null fields are inherited from the calling key */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/api-keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a key */
        get: operations["readApiKey"];
        /** Change or rotate a key, or rotate all keys */
        put: operations["changeApiKey"];
        post?: never;
        /** Delete a key; the body confirms it: `{"confirmation": "DELETE_KEY"}`, and `"confirm_last_key": true` for the last one that can manage keys */
        delete: operations["deleteApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/api-keys/{key_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rotate a key: a new secret, with a grace period for the old one */
        post: operations["rotateApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/api-keys/audit-logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List changes to your keys and account, newest first */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/api-keys/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the requests, tokens and cost of each key, in total and today */
        get: operations["apiKeyUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/environment-usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the usage of the keys of each environment */
        get: operations["getEnvironmentUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export everything that you own: NDJSON, JSON, a ZIP of NDJSON files, or to be read */
        get: operations["exportAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List notifications, newest first */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/notifications/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read your notification preferences */
        get: operations["readNotificationPreferences"];
        /** Change your notification preferences; absent fields stay unchanged */
        put: operations["changeNotificationPreferences"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/notifications/send-usage-report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send yourself a usage report, at most once a minute */
        post: operations["sendUsageReport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/notifications/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send yourself a test, at most once a minute */
        post: operations["sendTestNotification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change your password and end your other sign-ins */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read your plan */
        get: operations["getUserPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/plan/entitlements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check whether your plan includes a feature */
        get: operations["getEntitlements"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/plan/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read how much of your plan is used, today and this month */
        get: operations["getPlanUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read your profile */
        get: operations["getProfile"];
        /** Change your profile */
        put: operations["updateProfile"];
        post?: never;
        /** Erase your account and everything that belongs to it */
        delete: operations["eraseAccount"];
        options?: never;
        head?: never;
        /** Change some fields of your profile */
        patch: operations["patchProfile"];
        trace?: never;
    };
    "/v1/user/rate-limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the rate limits and usage of your keys */
        get: operations["listRateLimits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/rate-limits/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set the rate limits of a key, within the plan; 0 leaves one to the plan */
        put: operations["setRateLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/rate-limits/bulk-update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set the rate limits of all your keys */
        post: operations["setAllRateLimits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/user/rate-limits/usage/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read how much of its limits a key has used */
        get: operations["getRateLimitUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AcceptedAnswer: {
            success: boolean;
            data: null;
            /** @description The step that the caller has to take first. */
            message: string;
        };
        /**
         * @description * `update` - update
         *     * `rotate` - rotate
         *     * `bulk_rotate` - bulk_rotate
         * @enum {string}
         */
        ActionEnum: "update" | "rotate" | "bulk_rotate";
        ActivityDaySums: {
            /** Format: date */
            date: string;
            /** Format: double */
            spend: number;
            tokens: number;
            requests: number;
        };
        ActivityEvent: {
            readonly id: number;
            user_id: number;
            /** Format: date-time */
            timestamp: string;
            model: string;
            provider: string;
            /** Format: int64 */
            tokens: number;
            /** Format: double */
            cost: number;
            /**
             * Format: double
             * @description Tokens per second
             */
            speed: number;
            finish_reason: string;
            app: string;
            metadata: unknown;
        };
        ActivityStats: {
            total_requests: number;
            total_tokens: number;
            /**
             * Format: double
             * @description US dollars
             */
            total_spend: number;
            daily_stats: components["schemas"]["ActivityDaySums"][];
            by_model: {
                [key: string]: components["schemas"]["ActivitySums"];
            };
            by_provider: {
                [key: string]: components["schemas"]["ActivitySums"];
            };
        };
        ActivitySums: {
            requests: number;
            tokens: number;
            /**
             * Format: double
             * @description US dollars
             */
            cost: number;
        };
        /** @description A key as it may be shown, without its secret. */
        ApiKey: {
            readonly id: number;
            api_key: string;
            key_name: string;
            environment_tag: components["schemas"]["EnvironmentTagEnum"];
            /** @description What the key may do, as {"chat": ["read", "write"]}; {} means everything. */
            scope_permissions: unknown;
            is_active: boolean;
            is_primary: boolean;
            /** Format: date-time */
            expiration_date: string | null;
            /** @description Days until the key expires, rounded up; null when it does not. */
            readonly days_remaining: number | null;
            /**
             * Format: int64
             * @description Total number of requests that the key may make; empty means unlimited.
             */
            max_requests: number | null;
            readonly requests_used: number;
            /** @description Null without `max_requests`. */
            readonly requests_remaining: number | null;
            /**
             * Format: double
             * @description Null without `max_requests`.
             */
            readonly usage_percentage: number | null;
            /** @description Addresses from which the key works, as ["203.0.113.0/24"]; [] means any. */
            ip_allowlist: unknown;
            /** @description Sites whose pages may use the key, as ["example.com", "*.example.com"]; [] means any, and none is required. */
            domain_referrers: unknown;
            /**
             * Format: date-time
             * @description When the grace period of the previous secret ends or ended; null without one.
             */
            previous_key_expires_at: string | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            /** Format: date-time */
            readonly last_used_at: string | null;
        };
        /** @description Changes to a key. Absent or null fields stay unchanged; the environment cannot change. */
        ApiKeyChange: {
            /**
             * @description Seconds for which the old secret keeps working.
             * @default 0
             */
            grace_seconds?: number;
            /** @description Actions that the key allows, by resource; {} allows all. */
            scope_permissions?: {
                [key: string]: ("admin" | "read" | "write")[];
            } | null;
            /** @description Days until the key expires; 0 means never. */
            expiration_days?: number | null;
            /**
             * Format: int64
             * @description Total number of requests that the key may make; 0 means unlimited.
             */
            max_requests?: number | null;
            /** @description Addresses and networks (CIDR) from which the key works; [] means any. */
            ip_allowlist?: string[] | null;
            /** @description Hosts whose pages may use the key, as `*.example.com`; [] means any. */
            domain_referrers?: string[] | null;
            /**
             * @description `rotate` gives this key a new secret; `bulk_rotate` does so for every active key, or those of `environment_tag`. Both use `grace_seconds` and change nothing else.
             *
             *     * `update` - update
             *     * `rotate` - rotate
             *     * `bulk_rotate` - bulk_rotate
             * @default update
             */
            action?: components["schemas"]["ActionEnum"];
            key_name?: string | null;
            environment_tag?: components["schemas"]["EnvironmentTagEnum"] | components["schemas"]["NullEnum"];
            is_active?: boolean | null;
            /** @description True makes this key the primary one instead of the current one. */
            is_primary?: boolean | null;
            /**
             * @description Allow it even if no remaining key can manage keys.
             * @default false
             */
            confirm_last_key?: boolean;
        };
        ApiKeyInput: {
            /** @description Actions that the key allows, by resource; {} allows all. */
            scope_permissions?: {
                [key: string]: ("admin" | "read" | "write")[];
            } | null;
            /** @description Days until the key expires; 0 means never. */
            expiration_days?: number | null;
            /**
             * Format: int64
             * @description Total number of requests that the key may make; 0 means unlimited.
             */
            max_requests?: number | null;
            /** @description Addresses and networks (CIDR) from which the key works; [] means any. */
            ip_allowlist?: string[] | null;
            /** @description Hosts whose pages may use the key, as `*.example.com`; [] means any. */
            domain_referrers?: string[] | null;
            key_name: string;
            environment_tag?: components["schemas"]["EnvironmentTagEnum"] | components["schemas"]["NullEnum"];
        };
        AppliedCode: {
            /**
             * Format: double
             * @description US dollars, for each of the two users
             */
            bonus_amount: number;
            status: string;
            /** Format: date-time */
            created_at: string;
        };
        /** @description An entry of the audit log, for the user whom it concerns. */
        AuditEntry: {
            readonly id: number;
            user_id: number;
            /** Format: date-time */
            timestamp: string;
            action: string;
            readonly api_key_id: number | null;
            /** @description What was changed, such as api_key:7 */
            target: string;
            readonly details: {
                [key: string]: unknown;
            };
            channel: components["schemas"]["AuditEntryChannelEnum"];
            /** @description Return the address if it is the user's own; an operator's address is not shown. */
            readonly ip_address: string;
            request_id: string;
        };
        /**
         * @description * `api` - API key
         *     * `admin` - Admin
         *     * `public` - Without a key
         *     * `command` - Command or worker
         * @enum {string}
         */
        AuditEntryChannelEnum: "api" | "admin" | "public" | "command";
        ChangedApiKey: components["schemas"]["ApiKey"] | components["schemas"]["RotatedKeys"];
        /** @description The import of a long file, and what has become of the file so far. */
        ChatImport: {
            /** @description Of its conversations; `mixed` when they differ. */
            format: string;
            imported: number;
            /** @description Known from an earlier import. */
            existing: number;
            /** @description Those of them that got new messages. */
            extended: number;
            failed: number;
            /** @description False: the time was over, or the import is still running. */
            is_complete: boolean;
            /** @description The ids of the first 1,000. */
            sessions: number[];
            /** @description The first 100. */
            errors: components["schemas"]["ImportError"][];
            /** @description Names in the file of what there was no room for. */
            dropped: string[];
            id: number;
            state: components["schemas"]["StateEnum"];
            file_name: string;
            size_bytes: number;
            /**
             * Format: double
             * @description The share of the file that is read, 0 to 1.
             */
            progress: number;
            /** @description Why it failed, else empty. */
            reason: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            finished_at: string | null;
        };
        /** @description A JSON export, or an object in the form of OpenAI's `messages`. */
        ChatInput: {
            title?: string | null;
            model?: string | null;
            /** @description Your own id of the session. Creating one that exists returns the existing one. */
            external_id?: string | null;
            /** @description The person among your product's users to whom it belongs. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good automatically.
             */
            expires_at?: string | null;
            /** Format: date-time */
            created_at?: string | null;
            /** Format: date-time */
            updated_at?: string | null;
            is_pinned?: boolean | null;
            is_archived?: boolean | null;
            current_message_id?: number | string | null;
            messages: components["schemas"]["ImportedMessageInput"][];
        };
        CheckedCode: {
            valid: boolean;
            message: string;
            /** @description Only the first letter if the name reveals the e-mail address. */
            referrer_username: string | null;
        };
        Code: {
            referral_code: string;
            invite_link: string;
            share_message: string;
        };
        DeletedCount: {
            deleted_count: number;
        };
        DeletedMessageCount: {
            deleted_count: number;
        };
        EndedKeys: {
            /** @description Number of keys of other sign-ins that were deleted. */
            ended_keys: number;
        };
        Entitlements: {
            has_plan: boolean;
            plan_name: string;
            daily_request_limit: number | null;
            monthly_request_limit: number | null;
            daily_token_limit: number | null;
            monthly_token_limit: number | null;
            features: string[];
            /** @description True when no feature is asked for. */
            can_access_feature: boolean;
        };
        /**
         * @description * `live` - Live
         *     * `test` - Test
         *     * `staging` - Staging
         *     * `development` - Development
         * @enum {string}
         */
        EnvironmentTagEnum: "live" | "test" | "staging" | "development";
        EnvironmentUsage: {
            key_count: number;
            total_requests: number;
            total_max_requests: number;
            monthly_requests: number;
            monthly_tokens: number;
            /** Format: double */
            monthly_cost: number;
        };
        Feedback: {
            readonly id: number;
            user_id: number;
            session_id: number | null;
            message_id: number | null;
            feedback_type: components["schemas"]["FeedbackType"];
            rating: number | null;
            comment: string | null;
            model: string;
            metadata: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        FeedbackChange: {
            feedback_type?: components["schemas"]["FeedbackType"] | components["schemas"]["NullEnum"];
            rating?: number | null;
            comment?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
        };
        FeedbackFigures: {
            total_feedback: number;
            thumbs_up: number;
            thumbs_down: number;
            regenerate: number;
            /**
             * Format: double
             * @description Percent
             */
            thumbs_up_rate: number;
            /**
             * Format: double
             * @description Percent
             */
            thumbs_down_rate: number;
            /**
             * Format: double
             * @description Percent
             */
            regenerate_rate: number;
            /** Format: double */
            average_rating: number | null;
        };
        FeedbackInput: {
            feedback_type: components["schemas"]["FeedbackType"];
            rating?: number | null;
            comment?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            /** Format: int64 */
            session_id?: number | null;
            /** Format: int64 */
            message_id?: number | null;
            model?: string | null;
        };
        FeedbackStatistics: {
            total_feedback: number;
            thumbs_up: number;
            thumbs_down: number;
            regenerate: number;
            /**
             * Format: double
             * @description Percent
             */
            thumbs_up_rate: number;
            /**
             * Format: double
             * @description Percent
             */
            thumbs_down_rate: number;
            /**
             * Format: double
             * @description Percent
             */
            regenerate_rate: number;
            /** Format: double */
            average_rating: number | null;
            days: number;
            by_model: {
                [key: string]: components["schemas"]["FeedbackFigures"];
            };
        };
        /**
         * @description * `thumbs_up` - Thumbs Up
         *     * `thumbs_down` - Thumbs Down
         *     * `regenerate` - Regenerate
         * @enum {string}
         */
        FeedbackType: "thumbs_up" | "thumbs_down" | "regenerate";
        FolderCount: {
            folder: string;
            count: number;
        };
        ForkInput: {
            /** Format: int64 */
            message_id?: number | null;
            title?: string | null;
        };
        GraceInput: {
            /**
             * @description Seconds for which the old secret keeps working.
             * @default 0
             */
            grace_seconds?: number;
        };
        ImportError: {
            /** @description Where in the file the conversation is. */
            place: string;
            /** @description The errors: a text, or by field. */
            errors: unknown;
        };
        ImportForm: {
            /** Format: uri */
            file: string;
        };
        /** @description The result of an import. */
        ImportReport: {
            /** @description Of its conversations; `mixed` when they differ. */
            format: string;
            imported: number;
            /** @description Known from an earlier import. */
            existing: number;
            /** @description Those of them that got new messages. */
            extended: number;
            failed: number;
            /** @description False: the time was over, or the import is still running. */
            is_complete: boolean;
            /** @description The ids of the first 1,000. */
            sessions: number[];
            /** @description The first 100. */
            errors: components["schemas"]["ImportError"][];
            /** @description Names in the file of what there was no room for. */
            dropped: string[];
        };
        ImportedData: components["schemas"]["Session"] | components["schemas"]["ImportReport"] | components["schemas"]["ChatImport"];
        /** @description A message of an export. `parent_id` and `current_message_id` refer to its `id`. */
        ImportedMessageInput: {
            content?: string | {
                [key: string]: unknown;
            }[] | null;
            model?: string | null;
            tokens?: number | null;
            reasoning?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            status?: components["schemas"]["MessageStatus"] | components["schemas"]["NullEnum"];
            /** @description Grows with each change; one that is lower than the stored one is a 409. */
            revision?: number | null;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            created_at?: string | null;
            /** @description Your own id of the message; sent again, it replaces it. `id` works too. */
            client_id?: string | null;
            parent_id?: number | string | null;
            id?: number | string | null;
            /** Format: date-time */
            updated_at?: string | null;
            edited?: boolean | null;
            /** @description The name of its author, or of the function whose result it is. */
            name?: unknown;
            /** @description Calls of tools that an assistant makes. */
            tool_calls?: unknown;
            /** @description The call that a message of the role `tool` answers. */
            tool_call_id?: unknown;
            /** @description The text in which an assistant refuses. */
            refusal?: unknown;
            /** @description Citations and other notes on the content. */
            annotations?: unknown;
            /** @description Tokens that the answer took, as its provider counts them. */
            usage?: unknown;
            /** @description Why the answer ended. */
            finish_reason?: unknown;
        } & {
            [key: string]: unknown;
        };
        KeyRateLimits: {
            key_id: number;
            /** @description Masked. */
            api_key: string;
            key_name: string;
            environment_tag: string;
            /** @description False: only the limits of the user's plan apply to the key. */
            is_configured: boolean;
            rate_limit_config: components["schemas"]["RateLimits"];
            usage_stats: components["schemas"]["LimitUsage"];
            current_status: components["schemas"]["LimitStatus"];
        };
        /** @description A key with its usage. Cost is in US dollars; today is the current day in UTC. */
        KeyUsage: {
            readonly id: number;
            api_key: string;
            key_name: string;
            environment_tag: components["schemas"]["EnvironmentTagEnum"];
            is_active: boolean;
            /** @default 0 */
            readonly requests: number;
            /** @default 0 */
            readonly tokens: number;
            /**
             * Format: double
             * @default 0
             */
            readonly cost: number;
            /** @default 0 */
            readonly requests_today: number;
            /** @default 0 */
            readonly tokens_today: number;
            /**
             * Format: double
             * @default 0
             */
            readonly cost_today: number;
            /** Format: date-time */
            readonly last_used_at: string | null;
            /**
             * Format: int64
             * @description Total number of requests that the key may make; empty means unlimited.
             */
            max_requests: number | null;
            /** @description Null without `max_requests`. */
            readonly requests_remaining: number | null;
            /**
             * Format: double
             * @description Null without `max_requests`.
             */
            readonly usage_percentage: number | null;
        };
        /**
         * @description * `key_created` - Key created
         *     * `key_expiring` - Key expiring
         *     * `key_new_network` - Key used from a new network
         *     * `quota_warning` - Quota nearly used
         *     * `quota_reached` - Quota used
         *     * `usage_report` - Usage report
         *     * `test` - Test
         * @enum {string}
         */
        KindEnum: "key_created" | "key_expiring" | "key_new_network" | "quota_warning" | "quota_reached" | "usage_report" | "test";
        /** @description The rest of each limit; null where there is no limit. */
        LimitStatus: {
            requests_remaining_minute: number | null;
            requests_remaining_hour: number | null;
            requests_remaining_day: number | null;
            tokens_remaining_minute: number | null;
            tokens_remaining_hour: number | null;
            tokens_remaining_day: number | null;
            concurrent_remaining: number | null;
        };
        LimitUsage: {
            minute: components["schemas"]["LimitWindowUsage"];
            hour: components["schemas"]["LimitWindowUsage"];
            day: components["schemas"]["LimitWindowUsage"];
            concurrent_requests: number;
        };
        LimitWindowUsage: {
            total_requests: number;
            total_tokens: number;
        };
        /** @description The import of a long file, and what has become of the file so far. */
        ListedImport: {
            /** @description Of its conversations; `mixed` when they differ. */
            format: string;
            imported: number;
            /** @description Known from an earlier import. */
            existing: number;
            /** @description Those of them that got new messages. */
            extended: number;
            failed: number;
            /** @description False: the time was over, or the import is still running. */
            is_complete: boolean;
            /** @description Names in the file of what there was no room for. */
            dropped: string[];
            id: number;
            state: components["schemas"]["StateEnum"];
            file_name: string;
            size_bytes: number;
            /**
             * Format: double
             * @description The share of the file that is read, 0 to 1.
             */
            progress: number;
            /** @description Why it failed, else empty. */
            reason: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** Format: date-time */
            finished_at: string | null;
        };
        Match: {
            readonly id: number;
            user_id: number;
            title: string;
            model: string;
            is_active: boolean;
            is_pinned: boolean;
            is_archived: boolean;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When a message was last added or changed.
             */
            updated_at: string;
            external_id: string | null;
            end_user_id: string | null;
            readonly metadata: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            readonly tags: string[];
            folder: string | null;
            /** Format: date-time */
            readonly deleted_at: string | null;
            /**
             * Format: date-time
             * @description When it goes to the trash by itself.
             */
            expires_at: string | null;
            message_id: number | null;
            /** Format: double */
            rank: number;
            /** @description Safe HTML; what was found is in <mark>. */
            snippet: string;
        };
        Message: {
            readonly id: number;
            session_id: number;
            role: components["schemas"]["Role"];
            readonly content: string | {
                [key: string]: unknown;
            }[] | null;
            model: string;
            tokens: number;
            reasoning: string | null;
            metadata: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            /** Format: date-time */
            created_at: string;
            /** @description The id that the client gave to the message. */
            client_id: string | null;
            parent_id: number | null;
            position: number;
            status: components["schemas"]["MessageStatus"];
            revision: number;
            edited: boolean;
            /** Format: date-time */
            updated_at: string | null;
            /** @description The name of its author, or of the function whose result it is. */
            name?: unknown;
            /** @description Calls of tools that an assistant makes. */
            tool_calls?: unknown;
            /** @description The call that a message of the role `tool` answers. */
            tool_call_id?: unknown;
            /** @description The text in which an assistant refuses. */
            refusal?: unknown;
            /** @description Citations and other notes on the content. */
            annotations?: unknown;
            /** @description Tokens that the answer took, as its provider counts them. */
            usage?: unknown;
            /** @description Why the answer ended. */
            finish_reason?: unknown;
        } & {
            [key: string]: unknown;
        };
        MessageBatchInput: {
            messages: components["schemas"]["MessageInput"][];
        };
        /** @description A change of a message. Absent fields stay unchanged. */
        MessageChange: {
            content?: string | {
                [key: string]: unknown;
            }[] | null;
            model?: string | null;
            tokens?: number | null;
            reasoning?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            status?: components["schemas"]["MessageStatus"] | components["schemas"]["NullEnum"];
            /** @description Grows with each change; one that is lower than the stored one is a 409. */
            revision?: number | null;
            /** @description The name of its author, or of the function whose result it is. */
            name?: unknown;
            /** @description Calls of tools that an assistant makes. */
            tool_calls?: unknown;
            /** @description The call that a message of the role `tool` answers. */
            tool_call_id?: unknown;
            /** @description The text in which an assistant refuses. */
            refusal?: unknown;
            /** @description Citations and other notes on the content. */
            annotations?: unknown;
            /** @description Tokens that the answer took, as its provider counts them. */
            usage?: unknown;
            /** @description Why the answer ended. */
            finish_reason?: unknown;
        } & {
            [key: string]: unknown;
        };
        /** @description The fields of a new or changed message. Unknown fields are kept too. */
        MessageInput: {
            content?: string | {
                [key: string]: unknown;
            }[] | null;
            model?: string | null;
            tokens?: number | null;
            reasoning?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            status?: components["schemas"]["MessageStatus"] | components["schemas"]["NullEnum"];
            /** @description Grows with each change; one that is lower than the stored one is a 409. */
            revision?: number | null;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            created_at?: string | null;
            /** @description Your own id of the message; sent again, it replaces it. `id` works too. */
            client_id?: string | null;
            /**
             * Format: int64
             * @description The message that it follows; 0: none. Absent or null: the last one.
             */
            parent_id?: number | null;
            /** @description The name of its author, or of the function whose result it is. */
            name?: unknown;
            /** @description Calls of tools that an assistant makes. */
            tool_calls?: unknown;
            /** @description The call that a message of the role `tool` answers. */
            tool_call_id?: unknown;
            /** @description The text in which an assistant refuses. */
            refusal?: unknown;
            /** @description Citations and other notes on the content. */
            annotations?: unknown;
            /** @description Tokens that the answer took, as its provider counts them. */
            usage?: unknown;
            /** @description Why the answer ended. */
            finish_reason?: unknown;
        } & {
            [key: string]: unknown;
        };
        /**
         * @description * `in_progress` - In Progress
         *     * `completed` - Completed
         *     * `incomplete` - Incomplete
         *     * `failed` - Failed
         * @enum {string}
         */
        MessageStatus: "in_progress" | "completed" | "incomplete" | "failed";
        Notification: {
            readonly id: number;
            kind: components["schemas"]["KindEnum"];
            channel: components["schemas"]["NotificationChannelEnum"];
            /** @description Content of the message; no secrets */
            details: unknown;
            status: components["schemas"]["NotificationStatus"];
            error: string;
            attempts: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            finished_at: string | null;
        };
        /**
         * @description * `email` - E-mail
         *     * `webhook` - Webhook
         * @enum {string}
         */
        NotificationChannelEnum: "email" | "webhook";
        /**
         * @description * `pending` - Pending
         *     * `sent` - Sent
         *     * `failed` - Failed
         *     * `delivered` - Delivered
         * @enum {string}
         */
        NotificationStatus: "pending" | "sent" | "failed" | "delivered";
        NullEnum: null;
        PasswordChange: {
            current_password: string;
            new_password: string;
        };
        PasswordChoice: {
            /** @description From the link in the e-mail. */
            token: string;
            new_password: string;
        };
        PasswordResetInput: {
            /** Format: email */
            email: string;
        };
        /** @description A change of a message. Absent fields stay unchanged. */
        PatchedMessageChange: {
            content?: string | {
                [key: string]: unknown;
            }[] | null;
            model?: string | null;
            tokens?: number | null;
            reasoning?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            status?: components["schemas"]["MessageStatus"] | components["schemas"]["NullEnum"];
            /** @description Grows with each change; one that is lower than the stored one is a 409. */
            revision?: number | null;
            /** @description The name of its author, or of the function whose result it is. */
            name?: unknown;
            /** @description Calls of tools that an assistant makes. */
            tool_calls?: unknown;
            /** @description The call that a message of the role `tool` answers. */
            tool_call_id?: unknown;
            /** @description The text in which an assistant refuses. */
            refusal?: unknown;
            /** @description Citations and other notes on the content. */
            annotations?: unknown;
            /** @description Tokens that the answer took, as its provider counts them. */
            usage?: unknown;
            /** @description Why the answer ended. */
            finish_reason?: unknown;
        } & {
            [key: string]: unknown;
        };
        /** @description Changes to the profile; absent fields stay unchanged, and one must be there. */
        PatchedProfileChange: {
            name?: string;
            /** @description Replaces the ones that are there. */
            settings?: {
                [key: string]: unknown;
            };
            /** @description Replaces the ones that are there. */
            preferences?: {
                [key: string]: unknown;
            };
            username?: string;
            /**
             * Format: email
             * @description Is sent a link; opening it makes this the user's address.
             */
            email?: string;
            /** @description Days that deleted chats stay in the trash; 0: for ever; null: the default. */
            chat_retention_days?: number | null;
            /** @description Days after its last message in which a chat goes to the trash, unless it is pinned; null: never. */
            delete_chats_after_days?: number | null;
        };
        /** @description A change to a session. Absent fields stay unchanged, and so does a null title or model. */
        PatchedSessionChange: {
            title?: string | null;
            model?: string | null;
            /** @description Your own id of the session. Creating one that exists returns the existing one. */
            external_id?: string | null;
            /** @description The person among your product's users to whom it belongs. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good automatically.
             */
            expires_at?: string | null;
            is_pinned?: boolean | null;
            is_archived?: boolean | null;
            /**
             * Format: int64
             * @description The last message of the branch to show and to continue.
             */
            current_message_id?: number | null;
        };
        /** @description A plan. Null means no limit; prices are in US dollars. */
        Plan: {
            readonly id: number;
            name: string;
            description: string;
            plan_type: components["schemas"]["PlanTypeEnum"];
            /** @description Empty means no limit. */
            requests_per_minute: number | null;
            /** @description Empty means no limit. */
            requests_per_hour: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            daily_request_limit: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            monthly_request_limit: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            tokens_per_minute: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            tokens_per_hour: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            daily_token_limit: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            monthly_token_limit: number | null;
            /** Format: double */
            price_per_month: number;
            /** Format: double */
            yearly_price: number | null;
            /** Format: double */
            price_per_token: number | null;
            is_pay_as_you_go: boolean;
            /** @description Empty means no limit. */
            max_concurrent_requests: number | null;
            /**
             * Format: int64
             * @description Empty means no limit.
             */
            max_storage_bytes: number | null;
            features: string[];
            /** @description Offered to new users. Users who have the plan keep it. */
            is_active: boolean;
        };
        /**
         * @description * `free` - Free
         *     * `pro` - Pro
         *     * `enterprise` - Enterprise
         *     * `custom` - Custom
         * @enum {string}
         */
        PlanTypeEnum: "free" | "pro" | "enterprise" | "custom";
        PlanUsage: {
            plan_name: string;
            usage: components["schemas"]["_Numbers"];
            limits: components["schemas"]["_Numbers"];
            remaining: components["schemas"]["_Numbers"];
            at_limit: components["schemas"]["_AtLimit"];
            storage: components["schemas"]["_Storage"];
        };
        /** @description Preferences, both in responses and in changes, where absent fields stay unchanged. */
        Preferences: {
            email_notifications?: boolean;
            low_balance_threshold?: number;
            plan_expiry_reminder_days?: number;
            /** @description Notify at 80 % and 100 % of a quota */
            usage_alerts?: boolean;
            webhook_url?: string | null;
        };
        Profile: {
            readonly id: number;
            user_id: number;
            username: string;
            /** @description How to call the user. */
            name: string;
            email: (string | null) | string;
            /**
             * Format: date-time
             * @description When the e-mail address was verified to be the user's. Empty: anybody may have entered it, so nothing is sent to it, and another user may claim it.
             */
            readonly email_verified_at: string | null;
            privy_user_id: string | null;
            readonly settings: {
                [key: string]: unknown;
            };
            readonly preferences: {
                [key: string]: unknown;
            };
            /** @description Days that deleted chats stay in the trash; 0: for ever; empty: the default. */
            chat_retention_days: number | null;
            /** @description Days after its last message in which a chat goes to the trash, unless it is pinned; empty: never. */
            delete_chats_after_days: number | null;
            /** @description Deactivate the user to stop all of the user's keys. */
            is_active: boolean;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        /** @description Changes to the profile; absent fields stay unchanged, and one must be there. */
        ProfileChange: {
            name?: string;
            /** @description Replaces the ones that are there. */
            settings?: {
                [key: string]: unknown;
            };
            /** @description Replaces the ones that are there. */
            preferences?: {
                [key: string]: unknown;
            };
            username?: string;
            /**
             * Format: email
             * @description Is sent a link; opening it makes this the user's address.
             */
            email?: string;
            /** @description Days that deleted chats stay in the trash; 0: for ever; null: the default. */
            chat_retention_days?: number | null;
            /** @description Days after its last message in which a chat goes to the trash, unless it is pinned; null: never. */
            delete_chats_after_days?: number | null;
        };
        RateLimitInput: {
            /** Format: int64 */
            requests_per_minute: number;
            /** Format: int64 */
            requests_per_hour: number;
            /** Format: int64 */
            requests_per_day: number;
            /** Format: int64 */
            tokens_per_minute: number;
            /** Format: int64 */
            tokens_per_hour: number;
            /** Format: int64 */
            tokens_per_day: number;
            concurrency_limit?: number;
        };
        RateLimits: {
            requests_per_minute: number;
            requests_per_hour: number;
            requests_per_day: number;
            tokens_per_minute: number;
            tokens_per_hour: number;
            tokens_per_day: number;
            concurrency_limit: number;
        };
        /** @description A user whom one's code referred, without private data. */
        Referral: {
            readonly id: number;
            readonly username: string | null;
            readonly status: string;
            bonus_amount: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            completed_at: string | null;
        };
        ReferralCodeInput: {
            referral_code: string;
        };
        ReferralFigures: {
            referral_code: string;
            total_uses: number;
            max_uses: number;
            remaining_uses: number;
            completed_bonuses: number;
            pending_bonuses: number;
            /**
             * Format: double
             * @description US dollars: the sum of all credits
             */
            balance: number;
            referred_by_code: string | null;
            referrals: components["schemas"]["Referral"][];
        };
        /**
         * @description * `user` - User
         *     * `assistant` - Assistant
         *     * `system` - System
         *     * `developer` - Developer
         *     * `tool` - Tool
         *     * `function` - Function
         * @enum {string}
         */
        Role: "user" | "assistant" | "system" | "developer" | "tool" | "function";
        RotatedKeys: {
            rotated_count: number;
            new_keys: components["schemas"]["ApiKey"][];
        };
        SavedMessage: {
            success: boolean;
            message_id: number;
            data: components["schemas"]["Message"];
        };
        SavedMessages: {
            saved: components["schemas"]["SavedMessage"][];
            failed: unknown[];
            total: number;
            success_count: number;
            failure_count: number;
        };
        SearchInput: {
            query: string;
            /** @default 20 */
            limit?: number | null;
            /** @default 0 */
            offset?: number;
            cursor?: string | null;
            end_user_id?: string | null;
            /** @default relevance */
            sort?: components["schemas"]["SortEnum"];
        };
        Session: {
            readonly id: number;
            user_id: number;
            title: string;
            model: string;
            is_active: boolean;
            is_pinned: boolean;
            is_archived: boolean;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When a message was last added or changed.
             */
            updated_at: string;
            external_id: string | null;
            end_user_id: string | null;
            readonly metadata: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            readonly tags: string[];
            folder: string | null;
            /** Format: date-time */
            readonly deleted_at: string | null;
            /**
             * Format: date-time
             * @description When it goes to the trash by itself.
             */
            expires_at: string | null;
        };
        SessionBatchInput: {
            sessions: components["schemas"]["SessionInput"][];
        };
        /** @description A change to a session. Absent fields stay unchanged, and so does a null title or model. */
        SessionChange: {
            title?: string | null;
            model?: string | null;
            /** @description Your own id of the session. Creating one that exists returns the existing one. */
            external_id?: string | null;
            /** @description The person among your product's users to whom it belongs. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good automatically.
             */
            expires_at?: string | null;
            is_pinned?: boolean | null;
            is_archived?: boolean | null;
            /**
             * Format: int64
             * @description The last message of the branch to show and to continue.
             */
            current_message_id?: number | null;
        };
        SessionDetail: {
            readonly id: number;
            user_id: number;
            title: string;
            model: string;
            is_active: boolean;
            is_pinned: boolean;
            is_archived: boolean;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When a message was last added or changed.
             */
            updated_at: string;
            external_id: string | null;
            end_user_id: string | null;
            readonly metadata: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            readonly tags: string[];
            folder: string | null;
            /** Format: date-time */
            readonly deleted_at: string | null;
            /**
             * Format: date-time
             * @description When it goes to the trash by itself.
             */
            expires_at: string | null;
            current_message_id: number | null;
            messages: components["schemas"]["Message"][];
            has_more_messages: boolean;
        };
        /** @description A new session. */
        SessionInput: {
            title?: string | null;
            model?: string | null;
            /** @description Your own id of the session. Creating one that exists returns the existing one. */
            external_id?: string | null;
            /** @description The person among your product's users to whom it belongs. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good automatically.
             */
            expires_at?: string | null;
        };
        SetRateLimits: {
            requests_per_minute: number;
            requests_per_hour: number;
            requests_per_day: number;
            tokens_per_minute: number;
            tokens_per_hour: number;
            tokens_per_day: number;
            concurrency_limit?: number;
        };
        /** @description A public link to a session. */
        Share: {
            readonly id: number;
            session_id: number;
            /** @deprecated */
            created_by_user_id: number;
            token: string;
            /** @deprecated */
            share_token: string;
            readonly share_url: string;
            is_active: boolean;
            /** Format: int64 */
            view_count: number;
            /** Format: date-time */
            last_viewed_at: string | null;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** @description Whether it shows instructions to the model. */
            include_system: boolean;
        };
        ShareInput: {
            /** Format: int64 */
            session_id: number;
            /** Format: date-time */
            expires_at?: string | null;
            /** @description Whether messages of the roles system and developer are shown, too. */
            include_system?: boolean | null;
        };
        /** @description A message without the metadata, which the client stores for itself. */
        SharedMessage: {
            readonly id: number;
            role: components["schemas"]["Role"];
            readonly content: string | {
                [key: string]: unknown;
            }[] | null;
            model: string;
            reasoning: string | null;
            /** Format: date-time */
            created_at: string;
        };
        /** @description A session without its owner. */
        SharedSession: {
            title: string;
            model: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When a message was last added or changed.
             */
            updated_at: string;
            messages: components["schemas"]["SharedMessage"][];
            has_more_messages: boolean;
            view_count: number;
            /** Format: date-time */
            expires_at: string | null;
        };
        SignInInput: {
            /** @description A Privy access token. */
            token?: string;
            email?: string;
            password?: string;
        };
        SignUpInput: {
            /** Format: email */
            email: string;
            /** @description Ignored where sign-up sends a link: the password is then chosen on its page. */
            password?: string;
        };
        SignedIn: {
            user: components["schemas"]["Profile"];
            /** @description Shown only once. */
            api_key: string;
            key_id: number;
            /** Format: date-time */
            expiration_date: string;
            is_new_user: boolean;
        };
        /**
         * @description * `relevance` - relevance
         *     * `recent` - recent
         * @enum {string}
         */
        SortEnum: "relevance" | "recent";
        /**
         * @description * `receiving` - Receiving
         *     * `running` - Running
         *     * `completed` - Completed
         *     * `failed` - Failed
         *     * `cancelled` - Cancelled
         * @enum {string}
         */
        StateEnum: "receiving" | "running" | "completed" | "failed" | "cancelled";
        Statistics: {
            total_sessions: number;
            active_sessions: number;
            total_messages: number;
            total_tokens: number;
            /** Format: double */
            average_messages_per_session: number;
        };
        TagCount: {
            tag: string;
            count: number;
        };
        UsageReportInput: {
            /** @default 30 */
            days?: number;
        };
        _AtLimit: {
            daily_requests: boolean;
            daily_tokens: boolean;
            monthly_requests: boolean;
            monthly_tokens: boolean;
        };
        _Numbers: {
            daily_requests: number | null;
            daily_tokens: number | null;
            monthly_requests: number | null;
            monthly_tokens: number | null;
        };
        _Storage: {
            used_bytes: number;
            limit_bytes: number | null;
            remaining_bytes: number | null;
            at_limit: boolean;
        };
        activityLogAnswer: {
            success: boolean;
            data: components["schemas"]["ActivityEvent"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            logs?: unknown;
            /** @deprecated */
            total?: unknown;
            /** @deprecated */
            page?: unknown;
            /** @deprecated */
            limit?: unknown;
            /** @deprecated */
            has_more?: unknown;
        };
        activityStatsAnswer: {
            success: boolean;
            data: components["schemas"]["ActivityStats"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            total_requests?: unknown;
            /** @deprecated */
            total_tokens?: unknown;
            /** @deprecated */
            total_spend?: unknown;
            /** @deprecated */
            daily_stats?: unknown;
            /** @deprecated */
            by_model?: unknown;
            /** @deprecated */
            by_provider?: unknown;
            /** @deprecated */
            total_cost?: unknown;
            /** @deprecated */
            by_date?: unknown;
            /** @deprecated */
            avg_cost_per_request?: unknown;
            /** @deprecated */
            avg_cost_per_token?: unknown;
            /** @deprecated */
            avg_tokens_per_request?: unknown;
        };
        apiKeyUsageAnswer: {
            success: boolean;
            data: components["schemas"]["KeyUsage"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            total_keys?: unknown;
            /** @deprecated */
            keys?: unknown;
        };
        appendMessageAnswer: {
            success: boolean;
            data: components["schemas"]["Message"];
            message?: string;
        };
        appendMessagesAnswer: {
            success: boolean;
            data: components["schemas"]["SavedMessages"];
            message?: string;
        };
        applyReferralCodeAnswer: {
            success: boolean;
            data: components["schemas"]["AppliedCode"];
            message?: string;
        };
        cancelImportAnswer: {
            success: boolean;
            data: components["schemas"]["ChatImport"];
            message?: string;
        };
        changeApiKeyAnswer: {
            success: boolean;
            data: components["schemas"]["ChangedApiKey"];
            /** @description After `rotate`. */
            api_key?: string;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            key_name?: unknown;
            /** @deprecated */
            environment_tag?: unknown;
            /** @deprecated */
            updated_key?: unknown;
            /** @deprecated */
            rotated_count?: unknown;
            /** @deprecated */
            new_keys?: unknown;
        };
        changeFeedbackAnswer: {
            success: boolean;
            data: components["schemas"]["Feedback"];
            message?: string;
        };
        changeNotificationPreferencesAnswer: {
            success: boolean;
            data: components["schemas"]["Preferences"];
            /** @description The secret that signs what is sent to the webhook. */
            webhook_secret: string | null;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            email_notifications?: unknown;
            /** @deprecated */
            low_balance_threshold?: unknown;
            /** @deprecated */
            plan_expiry_reminder_days?: unknown;
            /** @deprecated */
            usage_alerts?: unknown;
            /** @deprecated */
            webhook_url?: unknown;
            /** @deprecated */
            trial_expiry_reminder_days?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            updated_at?: unknown;
        };
        changePasswordAnswer: {
            success: boolean;
            data: components["schemas"]["EndedKeys"];
            message?: string;
        };
        chatStatsAnswer: {
            success: boolean;
            data: components["schemas"]["Statistics"];
            stats: components["schemas"]["Statistics"];
            message?: string;
        };
        createApiKeyAnswer: {
            success: boolean;
            data: components["schemas"]["ApiKey"];
            /** @description The secret, shown only once. */
            api_key: string;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            key_name?: unknown;
            /** @deprecated */
            environment_tag?: unknown;
        };
        createSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Session"];
            message?: string;
        };
        createSessionsAnswer: {
            success: boolean;
            data: components["schemas"]["Session"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        deleteApiKeyAnswer: {
            success: boolean;
            data: null;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            deleted_key_id?: unknown;
        };
        deleteMessageAnswer: {
            success: boolean;
            data: null;
            message?: string;
        };
        deleteSessionAnswer: {
            success: boolean;
            data: null;
            message?: string;
        };
        deleteSessionsAnswer: {
            success: boolean;
            data: components["schemas"]["DeletedCount"];
            message?: string;
        };
        eraseAccountAnswer: {
            success: boolean;
            data: null;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            timestamp?: unknown;
        };
        feedbackStatsAnswer: {
            success: boolean;
            data: components["schemas"]["FeedbackStatistics"];
            message?: string;
            /** @deprecated */
            stats?: unknown;
            /** @deprecated */
            period_days?: unknown;
        };
        forkSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Session"];
            message?: string;
        };
        generateReferralCodeAnswer: {
            success: boolean;
            data: components["schemas"]["Code"];
            message?: string;
            /** @deprecated */
            referral_code?: unknown;
            /** @deprecated */
            invite_link?: unknown;
            /** @deprecated */
            share_message?: unknown;
        };
        getEntitlementsAnswer: {
            success: boolean;
            data: components["schemas"]["Entitlements"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            has_plan?: unknown;
            /** @deprecated */
            plan_name?: unknown;
            /** @deprecated */
            daily_request_limit?: unknown;
            /** @deprecated */
            monthly_request_limit?: unknown;
            /** @deprecated */
            daily_token_limit?: unknown;
            /** @deprecated */
            monthly_token_limit?: unknown;
            /** @deprecated */
            features?: unknown;
            /** @deprecated */
            can_access_feature?: unknown;
            /** @deprecated */
            plan_expires?: unknown;
            /** @deprecated */
            plan_expired?: unknown;
        };
        getEnvironmentUsageAnswer: {
            success: boolean;
            data: {
                [key: string]: components["schemas"]["EnvironmentUsage"];
            };
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            environment_usage?: unknown;
        };
        getImportAnswer: {
            success: boolean;
            data: components["schemas"]["ChatImport"];
            message?: string;
        };
        getPlanAnswer: {
            success: boolean;
            data: components["schemas"]["Plan"];
            message?: string;
        };
        getPlanUsageAnswer: {
            success: boolean;
            data: components["schemas"]["PlanUsage"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            plan_name?: unknown;
            /** @deprecated */
            usage?: unknown;
            /** @deprecated */
            limits?: unknown;
            /** @deprecated */
            remaining?: unknown;
            /** @deprecated */
            at_limit?: unknown;
            /** @deprecated */
            storage?: unknown;
        };
        getProfileAnswer: {
            success: boolean;
            data: components["schemas"]["Profile"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            api_key?: unknown;
            /** @deprecated */
            username?: unknown;
            /** @deprecated */
            name?: unknown;
            /** @deprecated */
            email?: unknown;
            /** @deprecated */
            credits?: unknown;
            /** @deprecated */
            subscription_allowance?: unknown;
            /** @deprecated */
            purchased_credits?: unknown;
            /** @deprecated */
            total_credits?: unknown;
            /** @deprecated */
            allowance_reset_date?: unknown;
            /** @deprecated */
            auth_method?: unknown;
            /** @deprecated */
            subscription_status?: unknown;
            /** @deprecated */
            subscription_end_date?: unknown;
            /** @deprecated */
            tier?: unknown;
            /** @deprecated */
            tier_display_name?: unknown;
            /** @deprecated */
            trial_expires_at?: unknown;
            /** @deprecated */
            is_active?: unknown;
            /** @deprecated */
            registration_date?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            updated_at?: unknown;
            /** @deprecated */
            settings?: unknown;
            /** @deprecated */
            preferences?: unknown;
        };
        getRateLimitUsageAnswer: {
            success: boolean;
            data: components["schemas"]["KeyRateLimits"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            key_id?: unknown;
            /** @deprecated */
            key_name?: unknown;
            /** @deprecated */
            time_window?: unknown;
            /** @deprecated */
            usage_stats?: unknown;
            /** @deprecated */
            rate_limit_config?: unknown;
        };
        getUserPlanAnswer: {
            success: boolean;
            data: components["schemas"]["Plan"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            plan_type?: unknown;
            /** @deprecated */
            price_per_month?: unknown;
            /** @deprecated */
            yearly_price?: unknown;
            /** @deprecated */
            price_per_token?: unknown;
            /** @deprecated */
            is_pay_as_you_go?: unknown;
            /** @deprecated */
            features?: unknown;
            /** @deprecated */
            daily_request_limit?: unknown;
            /** @deprecated */
            monthly_request_limit?: unknown;
            /** @deprecated */
            daily_token_limit?: unknown;
            /** @deprecated */
            monthly_token_limit?: unknown;
            /** @deprecated */
            max_concurrent_requests?: unknown;
            /** @deprecated */
            user_plan_id?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            plan_id?: unknown;
            /** @deprecated */
            plan_name?: unknown;
            /** @deprecated */
            plan_description?: unknown;
            /** @deprecated */
            start_date?: unknown;
            /** @deprecated */
            end_date?: unknown;
            /** @deprecated */
            is_active?: unknown;
        };
        giveFeedbackAnswer: {
            success: boolean;
            data: components["schemas"]["Feedback"];
            message?: string;
        };
        importChatAnswer: {
            success: boolean;
            data: components["schemas"]["ImportedData"];
            /** @description Whose form it is, such as `chatgpt`. */
            format: string;
            message?: string;
        };
        listApiKeysAnswer: {
            success: boolean;
            data: components["schemas"]["ApiKey"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            keys?: unknown;
            /** @deprecated */
            total_keys?: unknown;
        };
        listAuditLogAnswer: {
            success: boolean;
            data: components["schemas"]["AuditEntry"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            logs?: unknown;
            /** @deprecated */
            total_logs?: unknown;
        };
        listFeedbackAnswer: {
            success: boolean;
            data: components["schemas"]["Feedback"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listFoldersAnswer: {
            success: boolean;
            data: components["schemas"]["FolderCount"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listImportsAnswer: {
            success: boolean;
            data: components["schemas"]["ListedImport"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listMessagesAnswer: {
            success: boolean;
            data: components["schemas"]["Message"][];
            has_more_messages: boolean;
            message?: string;
        };
        listNotificationsAnswer: {
            success: boolean;
            data: components["schemas"]["Notification"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
        };
        listPlansAnswer: {
            success: boolean;
            data: components["schemas"]["Plan"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listRateLimitsAnswer: {
            success: boolean;
            data: components["schemas"]["KeyRateLimits"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            rate_limit_configs?: unknown;
        };
        listSessionFeedbackAnswer: {
            success: boolean;
            data: components["schemas"]["Feedback"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listSessionsAnswer: {
            success: boolean;
            data: components["schemas"]["Session"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            next_cursor: string | null;
            message?: string;
        };
        listSharesAnswer: {
            success: boolean;
            data: components["schemas"]["Share"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        listTagsAnswer: {
            success: boolean;
            data: components["schemas"]["TagCount"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
        };
        patchMessageAnswer: {
            success: boolean;
            data: components["schemas"]["Message"];
            message?: string;
        };
        patchProfileAnswer: {
            success: boolean;
            data: components["schemas"]["Profile"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            api_key?: unknown;
            /** @deprecated */
            username?: unknown;
            /** @deprecated */
            name?: unknown;
            /** @deprecated */
            email?: unknown;
            /** @deprecated */
            credits?: unknown;
            /** @deprecated */
            subscription_allowance?: unknown;
            /** @deprecated */
            purchased_credits?: unknown;
            /** @deprecated */
            total_credits?: unknown;
            /** @deprecated */
            allowance_reset_date?: unknown;
            /** @deprecated */
            auth_method?: unknown;
            /** @deprecated */
            subscription_status?: unknown;
            /** @deprecated */
            subscription_end_date?: unknown;
            /** @deprecated */
            tier?: unknown;
            /** @deprecated */
            tier_display_name?: unknown;
            /** @deprecated */
            trial_expires_at?: unknown;
            /** @deprecated */
            is_active?: unknown;
            /** @deprecated */
            registration_date?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            updated_at?: unknown;
            /** @deprecated */
            settings?: unknown;
            /** @deprecated */
            preferences?: unknown;
        };
        patchSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Session"];
            message?: string;
        };
        readApiKeyAnswer: {
            success: boolean;
            data: components["schemas"]["ApiKey"];
            message?: string;
            /** @deprecated */
            status?: unknown;
        };
        readMessageAnswer: {
            success: boolean;
            data: components["schemas"]["Message"];
            message?: string;
        };
        readNotificationPreferencesAnswer: {
            success: boolean;
            data: components["schemas"]["Preferences"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            email_notifications?: unknown;
            /** @deprecated */
            low_balance_threshold?: unknown;
            /** @deprecated */
            plan_expiry_reminder_days?: unknown;
            /** @deprecated */
            usage_alerts?: unknown;
            /** @deprecated */
            webhook_url?: unknown;
            /** @deprecated */
            trial_expiry_reminder_days?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            updated_at?: unknown;
        };
        readReferralCodeAnswer: {
            success: boolean;
            data: components["schemas"]["Code"];
            message?: string;
            /** @deprecated */
            referral_code?: unknown;
            /** @deprecated */
            invite_link?: unknown;
            /** @deprecated */
            share_message?: unknown;
        };
        readReferralStatsAnswer: {
            success: boolean;
            data: components["schemas"]["ReferralFigures"];
            message?: string;
            /** @deprecated */
            referral_code?: unknown;
            /** @deprecated */
            total_uses?: unknown;
            /** @deprecated */
            max_uses?: unknown;
            /** @deprecated */
            remaining_uses?: unknown;
            /** @deprecated */
            completed_bonuses?: unknown;
            /** @deprecated */
            pending_bonuses?: unknown;
            /** @deprecated */
            balance?: unknown;
            /** @deprecated */
            referred_by_code?: unknown;
            /** @deprecated */
            referrals?: unknown;
            /** @deprecated */
            invite_link?: unknown;
            /** @deprecated */
            total_earned?: unknown;
            /** @deprecated */
            current_balance?: unknown;
        };
        readSessionAnswer: {
            success: boolean;
            data: components["schemas"]["SessionDetail"];
            message?: string;
        };
        readShareAnswer: {
            success: boolean;
            data: components["schemas"]["SharedSession"];
            message?: string;
            /** @deprecated */
            session_id?: unknown;
            /** @deprecated */
            title?: unknown;
            /** @deprecated */
            model?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            messages?: unknown;
        };
        requestPasswordResetAnswer: {
            success: boolean;
            data: null;
            message?: string;
        };
        resetPasswordAnswer: {
            success: boolean;
            data: null;
            message?: string;
        };
        restoreSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Session"];
            message?: string;
        };
        revokeShareAnswer: {
            success: boolean;
            data: null;
            message?: string;
            /** @deprecated */
            id?: unknown;
            /** @deprecated */
            session_id?: unknown;
            /** @deprecated */
            share_token?: unknown;
            /** @deprecated */
            created_by_user_id?: unknown;
            /** @deprecated */
            is_active?: unknown;
        };
        rotateApiKeyAnswer: {
            success: boolean;
            data: components["schemas"]["ApiKey"];
            /** @description The secret, shown only once. */
            api_key: string;
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            key_name?: unknown;
            /** @deprecated */
            environment_tag?: unknown;
            /** @deprecated */
            updated_key?: unknown;
        };
        searchChatsAnswer: {
            success: boolean;
            data: components["schemas"]["Match"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            /** @description Whether there are no more than `count`. */
            count_is_exact: boolean;
            next_cursor: string | null;
            message?: string;
        };
        sendTestNotificationAnswer: {
            success: boolean;
            data: components["schemas"]["Notification"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
        };
        sendUsageReportAnswer: {
            success: boolean;
            data: components["schemas"]["Notification"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            message?: string;
            /** @deprecated */
            status?: unknown;
        };
        setAllRateLimitsAnswer: {
            success: boolean;
            data: components["schemas"]["SetRateLimits"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            updated_count?: unknown;
            /** @deprecated */
            updated_config?: unknown;
        };
        setRateLimitsAnswer: {
            success: boolean;
            data: components["schemas"]["SetRateLimits"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            key_id?: unknown;
            /** @deprecated */
            updated_config?: unknown;
        };
        shareSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Share"];
            message?: string;
            /** @deprecated */
            id?: unknown;
            /** @deprecated */
            session_id?: unknown;
            /** @deprecated */
            share_token?: unknown;
            /** @deprecated */
            created_by_user_id?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            expires_at?: unknown;
            /** @deprecated */
            view_count?: unknown;
            /** @deprecated */
            last_viewed_at?: unknown;
            /** @deprecated */
            is_active?: unknown;
            /** @deprecated */
            share_url?: unknown;
        };
        signInAnswer: {
            success: boolean;
            data: components["schemas"]["SignedIn"];
            api_key: string;
            user_id: number;
            email: string | null;
            display_name: string;
            privy_user_id: string | null;
            /** @description `privy` or `email` */
            auth_method: string;
            is_new_user: boolean;
            message?: string;
        };
        signUpAnswer: {
            success: boolean;
            data: components["schemas"]["SignedIn"];
            api_key: string;
            user_id: number;
            email: string | null;
            display_name: string;
            privy_user_id: string | null;
            /** @description `privy` or `email` */
            auth_method: string;
            is_new_user: boolean;
            message?: string;
        };
        truncateMessagesAnswer: {
            success: boolean;
            data: components["schemas"]["DeletedMessageCount"];
            message?: string;
        };
        updateMessageAnswer: {
            success: boolean;
            data: components["schemas"]["Message"];
            message?: string;
        };
        updateProfileAnswer: {
            success: boolean;
            data: components["schemas"]["Profile"];
            message?: string;
            /** @deprecated */
            status?: unknown;
            /** @deprecated */
            user_id?: unknown;
            /** @deprecated */
            api_key?: unknown;
            /** @deprecated */
            username?: unknown;
            /** @deprecated */
            name?: unknown;
            /** @deprecated */
            email?: unknown;
            /** @deprecated */
            credits?: unknown;
            /** @deprecated */
            subscription_allowance?: unknown;
            /** @deprecated */
            purchased_credits?: unknown;
            /** @deprecated */
            total_credits?: unknown;
            /** @deprecated */
            allowance_reset_date?: unknown;
            /** @deprecated */
            auth_method?: unknown;
            /** @deprecated */
            subscription_status?: unknown;
            /** @deprecated */
            subscription_end_date?: unknown;
            /** @deprecated */
            tier?: unknown;
            /** @deprecated */
            tier_display_name?: unknown;
            /** @deprecated */
            trial_expires_at?: unknown;
            /** @deprecated */
            is_active?: unknown;
            /** @deprecated */
            registration_date?: unknown;
            /** @deprecated */
            created_at?: unknown;
            /** @deprecated */
            updated_at?: unknown;
            /** @deprecated */
            settings?: unknown;
            /** @deprecated */
            preferences?: unknown;
        };
        updateSessionAnswer: {
            success: boolean;
            data: components["schemas"]["Session"];
            message?: string;
        };
        validateReferralCodeAnswer: {
            success: boolean;
            data: components["schemas"]["CheckedCode"];
            /** @deprecated */
            valid?: unknown;
            /** @deprecated */
            message?: unknown;
            /** @deprecated */
            referrer_username?: unknown;
        };
        withdrawFeedbackAnswer: {
            success: boolean;
            data: null;
            message?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    activityLog: {
        parameters: {
            query?: {
                from?: string;
                limit?: number;
                model?: string;
                offset?: number;
                page?: number;
                provider?: string;
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["activityLogAnswer"];
                };
            };
        };
    };
    activityStats: {
        parameters: {
            query?: {
                days?: number;
                from?: string;
                /** @description Another name of `tz`. */
                timezone?: string;
                to?: string;
                /** @description Whose days are counted, such as `Asia/Tokyo`; those of UTC without it. */
                tz?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["activityStatsAnswer"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SignInInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["signInAnswer"];
                };
            };
        };
    };
    requestPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordResetInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["requestPasswordResetAnswer"];
                };
            };
        };
    };
    signUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUpInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["signUpAnswer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedAnswer"];
                };
            };
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChoice"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["resetPasswordAnswer"];
                };
            };
        };
    };
    exportAll: {
        parameters: {
            query?: {
                /** @description Only the chats of this person. */
                end_user_id?: string;
                /**
                 * @description * `ndjson` - ndjson
                 *     * `json` - json
                 *     * `zip` - zip
                 *     * `markdown` - markdown
                 *     * `html` - html
                 */
                format?: "ndjson" | "json" | "zip" | "markdown" | "html";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "application/json": {
                        [key: string]: unknown;
                    }[];
                    "application/zip": string;
                    "text/markdown": string;
                    "text/html": string;
                };
            };
        };
    };
    listFeedback: {
        parameters: {
            query?: {
                /**
                 * @description * `thumbs_up` - Thumbs Up
                 *     * `thumbs_down` - Thumbs Down
                 *     * `regenerate` - Regenerate
                 */
                feedback_type?: "thumbs_up" | "thumbs_down" | "regenerate";
                limit?: number;
                model?: string;
                offset?: number;
                session_id?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listFeedbackAnswer"];
                };
            };
        };
    };
    giveFeedback: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FeedbackInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["giveFeedbackAnswer"];
                };
            };
        };
    };
    changeFeedback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                feedback_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["FeedbackChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["changeFeedbackAnswer"];
                };
            };
        };
    };
    withdrawFeedback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                feedback_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["withdrawFeedbackAnswer"];
                };
            };
        };
    };
    feedbackStats: {
        parameters: {
            query?: {
                days?: number;
                model?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["feedbackStatsAnswer"];
                };
            };
        };
    };
    listFolders: {
        parameters: {
            query?: {
                /** @description Only the chats of this person. */
                end_user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listFoldersAnswer"];
                };
            };
        };
    };
    importChat: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChatInput"];
                "application/x-ndjson": string;
                "application/zip": string;
                "multipart/form-data": components["schemas"]["ImportForm"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["importChatAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["importChatAnswer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["importChatAnswer"];
                };
            };
        };
    };
    listImports: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listImportsAnswer"];
                };
            };
        };
    };
    getImport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                import_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getImportAnswer"];
                };
            };
        };
    };
    cancelImport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                import_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["cancelImportAnswer"];
                };
            };
        };
    };
    searchChats: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["searchChatsAnswer"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                archived?: boolean | null;
                cursor?: string;
                deleted?: boolean;
                end_user_id?: string;
                external_id?: string;
                folder?: string;
                limit?: number;
                offset?: number;
                /**
                 * @description `created`: the oldest first, so that a cursor meets each session once.
                 *
                 *     * `updated` - updated
                 *     * `created` - created
                 */
                order?: "updated" | "created";
                pinned?: boolean | null;
                tag?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listSessionsAnswer"];
                };
            };
        };
    };
    createSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SessionInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["createSessionAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["createSessionAnswer"];
                };
            };
        };
    };
    deleteSessions: {
        parameters: {
            query?: {
                /** @description Only the chats of this person. */
                end_user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["deleteSessionsAnswer"];
                };
            };
        };
    };
    readSession: {
        parameters: {
            query?: {
                after?: number;
                before?: number;
                /**
                 * @description `all`: those of other branches too, which `parent_id` tells.
                 *
                 *     * `current` - current
                 *     * `all` - all
                 */
                branches?: "current" | "all";
                /** @description Without it, as many as a page of 4 MB holds. */
                message_limit?: number;
            };
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readSessionAnswer"];
                };
            };
        };
    };
    updateSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SessionChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["updateSessionAnswer"];
                };
            };
        };
    };
    deleteSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["deleteSessionAnswer"];
                };
            };
        };
    };
    patchSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PatchedSessionChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["patchSessionAnswer"];
                };
            };
        };
    };
    exportSession: {
        parameters: {
            query?: {
                /**
                 * @description * `json` - json
                 *     * `ndjson` - ndjson
                 *     * `zip` - zip
                 *     * `markdown` - markdown
                 *     * `html` - html
                 *     * `openai` - openai
                 */
                format?: "json" | "ndjson" | "zip" | "markdown" | "html" | "openai";
            };
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                    "application/x-ndjson": string;
                    "application/zip": string;
                    "text/markdown": string;
                    "text/html": string;
                };
            };
        };
    };
    listSessionFeedback: {
        parameters: {
            query?: {
                /**
                 * @description * `thumbs_up` - Thumbs Up
                 *     * `thumbs_down` - Thumbs Down
                 *     * `regenerate` - Regenerate
                 */
                feedback_type?: "thumbs_up" | "thumbs_down" | "regenerate";
                limit?: number;
                model?: string;
                offset?: number;
                session_id?: number;
            };
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listSessionFeedbackAnswer"];
                };
            };
        };
    };
    forkSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ForkInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["forkSessionAnswer"];
                };
            };
        };
    };
    listMessages: {
        parameters: {
            query?: {
                after?: number;
                before?: number;
                /**
                 * @description `all`: those of other branches too, which `parent_id` tells.
                 *
                 *     * `current` - current
                 *     * `all` - all
                 */
                branches?: "current" | "all";
                /** @description Without it, as many as a page of 4 MB holds. */
                message_limit?: number;
            };
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listMessagesAnswer"];
                };
            };
        };
    };
    appendMessage: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessageInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["appendMessageAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["appendMessageAnswer"];
                };
            };
        };
    };
    truncateMessages: {
        parameters: {
            query: {
                after: number;
            };
            header?: never;
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["truncateMessagesAnswer"];
                };
            };
        };
    };
    readMessage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                message_id: number;
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readMessageAnswer"];
                };
            };
        };
    };
    updateMessage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                message_id: number;
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["MessageChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["updateMessageAnswer"];
                };
            };
        };
    };
    deleteMessage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                message_id: number;
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["deleteMessageAnswer"];
                };
            };
        };
    };
    patchMessage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                message_id: number;
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PatchedMessageChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["patchMessageAnswer"];
                };
            };
        };
    };
    appendMessages: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessageBatchInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["appendMessagesAnswer"];
                };
            };
        };
    };
    restoreSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path: {
                session_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["restoreSessionAnswer"];
                };
            };
        };
    };
    createSessions: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionBatchInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["createSessionsAnswer"];
                };
            };
        };
    };
    listShares: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listSharesAnswer"];
                };
            };
        };
    };
    shareSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description A request that is repeated with the same key within a day is done once: it gets the first answer again, with `Idempotent-Replayed: true`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShareInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["shareSessionAnswer"];
                };
            };
        };
    };
    readShare: {
        parameters: {
            query?: {
                after?: number;
                before?: number;
                /** @description Without it, as many as a page of 4 MB holds. */
                message_limit?: number;
            };
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readShareAnswer"];
                };
            };
        };
    };
    revokeShare: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["revokeShareAnswer"];
                };
            };
        };
    };
    chatStats: {
        parameters: {
            query?: {
                /** @description Only the chats of this person. */
                end_user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["chatStatsAnswer"];
                };
            };
        };
    };
    listTags: {
        parameters: {
            query?: {
                /** @description Only the chats of this person. */
                end_user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listTagsAnswer"];
                };
            };
        };
    };
    listPlans: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listPlansAnswer"];
                };
            };
        };
    };
    getPlan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                plan_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getPlanAnswer"];
                };
            };
        };
    };
    applyReferralCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReferralCodeInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["applyReferralCodeAnswer"];
                };
            };
        };
    };
    readReferralCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readReferralCodeAnswer"];
                };
            };
        };
    };
    generateReferralCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["generateReferralCodeAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["generateReferralCodeAnswer"];
                };
            };
        };
    };
    readReferralStats: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readReferralStatsAnswer"];
                };
            };
        };
    };
    validateReferralCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReferralCodeInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["validateReferralCodeAnswer"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /**
                 * @description * `live` - Live
                 *     * `test` - Test
                 *     * `staging` - Staging
                 *     * `development` - Development
                 */
                environment_tag?: "live" | "test" | "staging" | "development";
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listApiKeysAnswer"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiKeyInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["createApiKeyAnswer"];
                };
            };
        };
    };
    readApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readApiKeyAnswer"];
                };
            };
        };
    };
    changeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ApiKeyChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["changeApiKeyAnswer"];
                };
            };
        };
    };
    deleteApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["deleteApiKeyAnswer"];
                };
            };
        };
    };
    rotateApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["GraceInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["rotateApiKeyAnswer"];
                };
            };
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                action?: string;
                end_date?: string;
                key_id?: number;
                limit?: number;
                offset?: number;
                start_date?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listAuditLogAnswer"];
                };
            };
        };
    };
    apiKeyUsage: {
        parameters: {
            query?: {
                /**
                 * @description * `live` - Live
                 *     * `test` - Test
                 *     * `staging` - Staging
                 *     * `development` - Development
                 */
                environment_tag?: "live" | "test" | "staging" | "development";
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["apiKeyUsageAnswer"];
                };
            };
        };
    };
    getEnvironmentUsage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getEnvironmentUsageAnswer"];
                };
            };
        };
    };
    exportAccount: {
        parameters: {
            query?: {
                /**
                 * @description * `ndjson` - ndjson
                 *     * `zip` - zip
                 *     * `json` - json
                 *     * `markdown` - markdown
                 *     * `html` - html
                 */
                format?: "ndjson" | "zip" | "json" | "markdown" | "html";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "application/json": {
                        [key: string]: unknown;
                    }[];
                    "application/zip": string;
                    "text/markdown": string;
                    "text/html": string;
                };
            };
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                /**
                 * @description * `pending` - Pending
                 *     * `sent` - Sent
                 *     * `failed` - Failed
                 *     * `delivered` - Delivered
                 */
                status?: "pending" | "sent" | "failed" | "delivered";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listNotificationsAnswer"];
                };
            };
        };
    };
    readNotificationPreferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["readNotificationPreferencesAnswer"];
                };
            };
        };
    };
    changeNotificationPreferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Preferences"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["changeNotificationPreferencesAnswer"];
                };
            };
        };
    };
    sendUsageReport: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UsageReportInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["sendUsageReportAnswer"];
                };
            };
        };
    };
    sendTestNotification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["sendTestNotificationAnswer"];
                };
            };
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["changePasswordAnswer"];
                };
            };
        };
    };
    getUserPlan: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getUserPlanAnswer"];
                };
            };
        };
    };
    getEntitlements: {
        parameters: {
            query?: {
                feature?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getEntitlementsAnswer"];
                };
            };
        };
    };
    getPlanUsage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getPlanUsageAnswer"];
                };
            };
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getProfileAnswer"];
                };
            };
        };
    };
    updateProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProfileChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["updateProfileAnswer"];
                };
            };
        };
    };
    eraseAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["eraseAccountAnswer"];
                };
            };
        };
    };
    patchProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PatchedProfileChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["patchProfileAnswer"];
                };
            };
        };
    };
    listRateLimits: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["listRateLimitsAnswer"];
                };
            };
        };
    };
    setRateLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RateLimitInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["setRateLimitsAnswer"];
                };
            };
        };
    };
    setAllRateLimits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RateLimitInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["setAllRateLimitsAnswer"];
                };
            };
        };
    };
    getRateLimitUsage: {
        parameters: {
            query?: {
                /**
                 * @description * `minute` - minute
                 *     * `hour` - hour
                 *     * `day` - day
                 */
                time_window?: "minute" | "hour" | "day";
            };
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["getRateLimitUsageAnswer"];
                };
            };
        };
    };
}
