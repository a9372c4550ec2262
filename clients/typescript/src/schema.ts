// Made by schema.mjs. Do not change it by hand.

export interface paths {
    "/v1/chat/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export all your chats, one JSON object per line */
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
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
            /** @description What you call it. Beginning one that is there gives that one. */
            external_id?: string | null;
            /** @description Whose it is among the people of your product. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good by itself.
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
        DeletedCount: {
            deleted_count: number;
        };
        DeletedMessageCount: {
            deleted_count: number;
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
        ImportError: {
            /** @description Where in the file the conversation is. */
            place: string;
            /** @description What is wrong: a text, or by field. */
            errors: unknown;
        };
        ImportForm: {
            /** Format: uri */
            file: string;
        };
        /** @description What became of a file of conversations. */
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
        /** @description A message of an export. `id` is what `parent_id` of others and `current_message_id` mean. */
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
            /** @description Grows with each change; a change with a lower one than is known is a 409. */
            revision?: number | null;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            created_at?: string | null;
            /** @description What you call it; sent again, it replaces the message. `id` may be one, too. */
            client_id?: string | null;
            parent_id?: number | string | null;
            id?: number | string | null;
            /** Format: date-time */
            updated_at?: string | null;
            edited?: boolean | null;
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
             * @description When its last message was added or changed.
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
            /** @description What its client calls it. */
            client_id: string | null;
            parent_id: number | null;
            position: number;
            status: components["schemas"]["MessageStatus"];
            revision: number;
            edited: boolean;
            /** Format: date-time */
            updated_at: string | null;
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
            /** @description Grows with each change; a change with a lower one than is known is a 409. */
            revision?: number | null;
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
            /** @description Grows with each change; a change with a lower one than is known is a 409. */
            revision?: number | null;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            created_at?: string | null;
            /** @description What you call it; sent again, it replaces the message. `id` may be one, too. */
            client_id?: string | null;
            /**
             * Format: int64
             * @description The message that it follows; 0: none. Absent or null: the last one.
             */
            parent_id?: number | null;
        };
        /**
         * @description * `in_progress` - In Progress
         *     * `completed` - Completed
         *     * `incomplete` - Incomplete
         *     * `failed` - Failed
         * @enum {string}
         */
        MessageStatus: "in_progress" | "completed" | "incomplete" | "failed";
        NullEnum: null;
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
            /** @description Grows with each change; a change with a lower one than is known is a 409. */
            revision?: number | null;
        };
        /** @description A change of a session. Absent fields stay unchanged, as do a null title or model. */
        PatchedSessionChange: {
            title?: string | null;
            model?: string | null;
            /** @description What you call it. Beginning one that is there gives that one. */
            external_id?: string | null;
            /** @description Whose it is among the people of your product. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good by itself.
             */
            expires_at?: string | null;
            is_pinned?: boolean | null;
            is_archived?: boolean | null;
            /**
             * Format: int64
             * @description The last message of the branch to show and to go on with.
             */
            current_message_id?: number | null;
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
             * @description When its last message was added or changed.
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
        /** @description A change of a session. Absent fields stay unchanged, as do a null title or model. */
        SessionChange: {
            title?: string | null;
            model?: string | null;
            /** @description What you call it. Beginning one that is there gives that one. */
            external_id?: string | null;
            /** @description Whose it is among the people of your product. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good by itself.
             */
            expires_at?: string | null;
            is_pinned?: boolean | null;
            is_archived?: boolean | null;
            /**
             * Format: int64
             * @description The last message of the branch to show and to go on with.
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
             * @description When its last message was added or changed.
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
            /** @description What you call it. Beginning one that is there gives that one. */
            external_id?: string | null;
            /** @description Whose it is among the people of your product. */
            end_user_id?: string | null;
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean | null;
            tags?: string[] | null;
            folder?: string | null;
            /**
             * Format: date-time
             * @description When it is deleted for good by itself.
             */
            expires_at?: string | null;
        };
        /** @description A link; needs the request as `context`, whose host the URL gets. */
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
             * @description When its last message was added or changed.
             */
            updated_at: string;
            messages: components["schemas"]["SharedMessage"][];
            has_more_messages: boolean;
            view_count: number;
            /** Format: date-time */
            expires_at: string | null;
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
        appendMessageAnswer: {
            data: components["schemas"]["Message"];
            success: boolean;
            message?: string;
        };
        appendMessagesAnswer: {
            data: components["schemas"]["SavedMessages"];
            success: boolean;
            message?: string;
        };
        cancelImportAnswer: {
            data: components["schemas"]["ChatImport"];
            success: boolean;
            message?: string;
        };
        changeFeedbackAnswer: {
            data: components["schemas"]["Feedback"];
            success: boolean;
            message?: string;
        };
        chatStatsAnswer: {
            data: components["schemas"]["Statistics"];
            stats: components["schemas"]["Statistics"];
            success: boolean;
            message?: string;
        };
        createSessionAnswer: {
            data: components["schemas"]["Session"];
            success: boolean;
            message?: string;
        };
        createSessionsAnswer: {
            data: components["schemas"]["Session"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        deleteMessageAnswer: {
            data: null;
            success: boolean;
            message?: string;
        };
        deleteSessionAnswer: {
            data: null;
            success: boolean;
            message?: string;
        };
        deleteSessionsAnswer: {
            data: components["schemas"]["DeletedCount"];
            success: boolean;
            message?: string;
        };
        feedbackStatsAnswer: {
            data: components["schemas"]["FeedbackStatistics"];
            success: boolean;
            message?: string;
            /** @deprecated */
            stats?: unknown;
            /** @deprecated */
            period_days?: unknown;
        };
        forkSessionAnswer: {
            data: components["schemas"]["Session"];
            success: boolean;
            message?: string;
        };
        getImportAnswer: {
            data: components["schemas"]["ChatImport"];
            success: boolean;
            message?: string;
        };
        giveFeedbackAnswer: {
            data: components["schemas"]["Feedback"];
            success: boolean;
            message?: string;
        };
        importChatAnswer: {
            data: components["schemas"]["ImportedData"];
            /** @description Whose form it is, such as `chatgpt`. */
            format: string;
            success: boolean;
            message?: string;
        };
        listFeedbackAnswer: {
            data: components["schemas"]["Feedback"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        listFoldersAnswer: {
            data: components["schemas"]["FolderCount"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        listImportsAnswer: {
            data: components["schemas"]["ListedImport"][];
            count: number;
            success: boolean;
            message?: string;
        };
        listMessagesAnswer: {
            data: components["schemas"]["Message"][];
            has_more_messages: boolean;
            success: boolean;
            message?: string;
        };
        listSessionFeedbackAnswer: {
            data: components["schemas"]["Feedback"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        listSessionsAnswer: {
            data: components["schemas"]["Session"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            next_cursor: string | null;
            success: boolean;
            message?: string;
        };
        listSharesAnswer: {
            data: components["schemas"]["Share"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        listTagsAnswer: {
            data: components["schemas"]["TagCount"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            success: boolean;
            message?: string;
        };
        patchMessageAnswer: {
            data: components["schemas"]["Message"];
            success: boolean;
            message?: string;
        };
        patchSessionAnswer: {
            data: components["schemas"]["Session"];
            success: boolean;
            message?: string;
        };
        readMessageAnswer: {
            data: components["schemas"]["Message"];
            success: boolean;
            message?: string;
        };
        readSessionAnswer: {
            data: components["schemas"]["SessionDetail"];
            success: boolean;
            message?: string;
        };
        readShareAnswer: {
            data: components["schemas"]["SharedSession"];
            success: boolean;
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
        restoreSessionAnswer: {
            data: components["schemas"]["Session"];
            success: boolean;
            message?: string;
        };
        revokeShareAnswer: {
            data: null;
            success: boolean;
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
        searchChatsAnswer: {
            data: components["schemas"]["Match"][];
            /** @description The number of all matches, not only of those on this page. */
            count: number;
            /** @description Whether there are no more than `count`. */
            count_is_exact: boolean;
            next_cursor: string | null;
            success: boolean;
            message?: string;
        };
        shareSessionAnswer: {
            data: components["schemas"]["Share"];
            success: boolean;
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
        truncateMessagesAnswer: {
            data: components["schemas"]["DeletedMessageCount"];
            success: boolean;
            message?: string;
        };
        updateMessageAnswer: {
            data: components["schemas"]["Message"];
            success: boolean;
            message?: string;
        };
        updateSessionAnswer: {
            data: components["schemas"]["Session"];
            success: boolean;
            message?: string;
        };
        withdrawFeedbackAnswer: {
            data: null;
            success: boolean;
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
    exportAll: {
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
                    "application/x-ndjson": string;
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
                 * @description `created`: the oldest first, so that a cursor passes each session once.
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
                 *     * `markdown` - markdown
                 *     * `openai` - openai
                 */
                format?: "json" | "markdown" | "openai";
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
                    "text/markdown": string;
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
                    "application/json": components["schemas"]["listTagsAnswer"];
                };
            };
        };
    };
}
