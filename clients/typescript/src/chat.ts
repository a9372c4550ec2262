import { dataOf, type CallOptions, type Calls, type OnceOptions } from "./calls.js";
import { Listing } from "./pages.js";
import { UnreachableError } from "./problems.js";
import type { Body, Data, Message, Query, Session } from "./types.js";

/** One line of an export: a session, or a message of the session before it. */
export type ExportLine = ({ type: "session" } & Session) | ({ type: "message" } & Message);

/** `client.chat`. Each method is an operation of the API; see its reference for details. */
export class Chat {
    readonly #calls: Calls;

    constructor(calls: Calls) {
        this.#calls = calls;
    }

    /** Create a session, or find the one with this `external_id`. */
    createSession(
        body: Body<"createSession"> = {},
        options?: OnceOptions,
    ): Promise<Data<"createSession">> {
        return dataOf(this.#calls.postOnce("/v1/chat/sessions", body, options));
    }

    /** Create several sessions, all or none. */
    createSessions(
        body: Body<"createSessions">,
        options?: OnceOptions,
    ): Promise<Data<"createSessions">> {
        return dataOf(this.#calls.postOnce("/v1/chat/sessions/batch", body, options));
    }

    /** List the sessions, most recently updated first. */
    listSessions(
        query?: Query<"listSessions">,
        options?: CallOptions,
    ): Listing<Data<"listSessions">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/chat/sessions", { ...query, ...place }, options),
        );
    }

    /** Return a session with its messages, oldest first. */
    readSession(
        sessionId: number,
        query?: Query<"readSession">,
        options?: CallOptions,
    ): Promise<Data<"readSession">> {
        return dataOf(this.#calls.get(`/v1/chat/sessions/${sessionId}`, query, options));
    }

    /** Rename or sort a session, or show another of its branches. */
    patchSession(
        sessionId: number,
        body: Body<"patchSession">,
        options?: CallOptions,
    ): Promise<Data<"patchSession">> {
        return dataOf(this.#calls.patch(`/v1/chat/sessions/${sessionId}`, body, options));
    }

    /** Move a session to the trash. */
    async deleteSession(sessionId: number, options?: CallOptions): Promise<void> {
        await this.#calls.delete(`/v1/chat/sessions/${sessionId}`, options);
    }

    /** Move up to 500 sessions to the trash, or erase all of one person's. */
    deleteSessions(
        which: { ids: number[] } | { end_user_id: string },
        options?: CallOptions,
    ): Promise<Data<"deleteSessions">> {
        const given = "ids" in which ? { body: which } : { query: which };
        return dataOf(this.#calls.delete("/v1/chat/sessions", { ...options, ...given }));
    }

    /** Restore a session from the trash. */
    restoreSession(sessionId: number, options?: OnceOptions): Promise<Data<"restoreSession">> {
        return dataOf(this.#calls.postOnce(`/v1/chat/sessions/${sessionId}/restore`, {}, options));
    }

    /** Copy a session, up to a message. */
    forkSession(
        sessionId: number,
        body: Body<"forkSession"> = {},
        options?: OnceOptions,
    ): Promise<Data<"forkSession">> {
        return dataOf(this.#calls.postOnce(`/v1/chat/sessions/${sessionId}/fork`, body, options));
    }

    /** Add a message to a session, or replace the one with this `client_id`. */
    appendMessage(
        sessionId: number,
        body: Body<"appendMessage">,
        options?: OnceOptions,
    ): Promise<Data<"appendMessage">> {
        return dataOf(
            this.#calls.postOnce(`/v1/chat/sessions/${sessionId}/messages`, body, options),
        );
    }

    /** Add up to 500 messages to a session, all or none. */
    appendMessages(
        sessionId: number,
        body: Body<"appendMessages">,
        options?: OnceOptions,
    ): Promise<Data<"appendMessages">> {
        return dataOf(
            this.#calls.postOnce(`/v1/chat/sessions/${sessionId}/messages/batch`, body, options),
        );
    }

    /** A page of a session's messages, oldest first; without `after`, the newest page. */
    listMessages(
        sessionId: number,
        query?: Query<"listMessages">,
        options?: CallOptions,
    ): Promise<Data<"listMessages">> {
        return dataOf(this.#calls.get(`/v1/chat/sessions/${sessionId}/messages`, query, options));
    }

    /** A message. */
    readMessage(
        sessionId: number,
        messageId: number,
        options?: CallOptions,
    ): Promise<Data<"readMessage">> {
        return dataOf(
            this.#calls.get(
                `/v1/chat/sessions/${sessionId}/messages/${messageId}`,
                undefined,
                options,
            ),
        );
    }

    /** Change a message, also while it is streamed. */
    patchMessage(
        sessionId: number,
        messageId: number,
        body: Body<"patchMessage">,
        options?: CallOptions,
    ): Promise<Data<"patchMessage">> {
        return dataOf(
            this.#calls.patch(
                `/v1/chat/sessions/${sessionId}/messages/${messageId}`,
                body,
                options,
            ),
        );
    }

    /** Delete a message for good. */
    async deleteMessage(
        sessionId: number,
        messageId: number,
        options?: CallOptions,
    ): Promise<void> {
        await this.#calls.delete(`/v1/chat/sessions/${sessionId}/messages/${messageId}`, options);
    }

    /** Delete for good all messages that follow one. */
    truncateMessages(
        sessionId: number,
        after: number,
        options?: CallOptions,
    ): Promise<Data<"truncateMessages">> {
        const path = `/v1/chat/sessions/${sessionId}/messages`;
        return dataOf(this.#calls.delete(path, { ...options, query: { after } }));
    }

    /** The tags, with how many sessions have each. */
    listTags(
        query?: Query<"listTags">,
        options?: CallOptions,
    ): Listing<Data<"listTags">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/chat/tags", { ...query, ...place }, options),
        );
    }

    /** The folders, with how many sessions are in each. */
    listFolders(
        query?: Query<"listFolders">,
        options?: CallOptions,
    ): Listing<Data<"listFolders">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/chat/folders", { ...query, ...place }, options),
        );
    }

    /** Search sessions for the words of `query`, best matches first. */
    searchChats(
        body: Body<"searchChats">,
        options?: OnceOptions,
    ): Listing<Data<"searchChats">[number]> {
        return new Listing((place) =>
            this.#calls.postOnce("/v1/chat/search", { ...body, ...place }, options),
        );
    }

    /** Count sessions, messages and tokens. */
    chatStats(query?: Query<"chatStats">, options?: CallOptions): Promise<Data<"chatStats">> {
        return dataOf(this.#calls.get("/v1/chat/stats", query, options));
    }

    /** Give feedback on an answer. */
    giveFeedback(body: Body<"giveFeedback">, options?: OnceOptions): Promise<Data<"giveFeedback">> {
        return dataOf(this.#calls.postOnce("/v1/chat/feedback", body, options));
    }

    /** Change feedback. */
    changeFeedback(
        feedbackId: number,
        body: Body<"changeFeedback">,
        options?: CallOptions,
    ): Promise<Data<"changeFeedback">> {
        return dataOf(this.#calls.put(`/v1/chat/feedback/${feedbackId}`, body, options));
    }

    /** Delete feedback. */
    async withdrawFeedback(feedbackId: number, options?: CallOptions): Promise<void> {
        await this.#calls.delete(`/v1/chat/feedback/${feedbackId}`, options);
    }

    /** List feedback, newest first. */
    listFeedback(
        query?: Query<"listFeedback">,
        options?: CallOptions,
    ): Listing<Data<"listFeedback">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/chat/feedback", { ...query, ...place }, options),
        );
    }

    /** List feedback on one session, newest first. */
    listSessionFeedback(
        sessionId: number,
        query?: Query<"listSessionFeedback">,
        options?: CallOptions,
    ): Listing<Data<"listSessionFeedback">[number]> {
        return new Listing((place) =>
            this.#calls.get(
                `/v1/chat/sessions/${sessionId}/feedback`,
                { ...query, ...place },
                options,
            ),
        );
    }

    /** Summarise the feedback of the last days. */
    feedbackStats(
        query?: Query<"feedbackStats">,
        options?: CallOptions,
    ): Promise<Data<"feedbackStats">> {
        return dataOf(this.#calls.get("/v1/chat/feedback/stats", query, options));
    }

    /** Create a public read-only link to a session. */
    shareSession(body: Body<"shareSession">, options?: OnceOptions): Promise<Data<"shareSession">> {
        return dataOf(this.#calls.postOnce("/v1/chat/share", body, options));
    }

    /** List the links, newest first. */
    listShares(
        query?: Query<"listShares">,
        options?: CallOptions,
    ): Listing<Data<"listShares">[number]> {
        return new Listing((place) =>
            this.#calls.get("/v1/chat/share", { ...query, ...place }, options),
        );
    }

    /** Return the session that a link shows; needs no key. */
    readShare(
        token: string,
        query?: Query<"readShare">,
        options?: CallOptions,
    ): Promise<Data<"readShare">> {
        return dataOf(this.#calls.get(`/v1/chat/share/${token}`, query, options));
    }

    /** Revoke a link. */
    async revokeShare(token: string, options?: CallOptions): Promise<void> {
        await this.#calls.delete(`/v1/chat/share/${token}`, options);
    }

    /** Create a session from existing messages. */
    importChat(body: Body<"importChat">, options?: OnceOptions): Promise<Data<"importChat">> {
        return dataOf(this.#calls.postOnce("/v1/chat/import", body, options));
    }

    /** Export a session as a file, whose body is still to be read. */
    exportSession(
        sessionId: number,
        query?: Query<"exportSession">,
        options?: CallOptions,
    ): Promise<Response> {
        return this.#calls.download(`/v1/chat/sessions/${sessionId}/export`, query, options);
    }

    /**
     * Export every session, each followed by its messages.
     *
     * Throws UnreachableError when the export was cut off.
     */
    async *exportAll(
        query?: Omit<Query<"exportAll">, "format">,
        options?: CallOptions,
    ): AsyncGenerator<ExportLine, void, undefined> {
        const response = await this.#calls.download("/v1/chat/export", query, options);
        for await (const text of linesOf(response)) {
            const line = JSON.parse(text) as ExportLine | { type: "end" };
            if (line.type === "end") return;
            yield line;
        }
        throw new UnreachableError("The export was cut off");
    }
}

async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
            const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
            rest = lines.pop()!;
            yield* lines;
        }
    } catch (error) {
        throw new UnreachableError("The export was cut off", { cause: error });
    } finally {
        await reader.cancel();
    }
}
