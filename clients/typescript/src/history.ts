// The messages of a session that a program knows by a name of its own: what the adapters share.

import type { Chat } from "./chat.js";
import { GatewayzError, ProblemError } from "./problems.js";
import type { Message, MessageInput, Session, SessionDetail, SessionInput } from "./types.js";

/** What a session is created with, when there is none of this `external_id`. */
export type NamedSession = SessionInput & { external_id: string };

const MAX_BATCH = 500;
const MAX_MESSAGES = 1000;

/** The session of this name, and of this end user when one is given. */
export async function findSession(
    chat: Chat,
    { external_id, end_user_id }: Pick<NamedSession, "external_id" | "end_user_id">,
): Promise<Session | undefined> {
    const ofPerson = end_user_id == null ? {} : { end_user_id };
    const { data } = await chat.listSessions({ external_id, ...ofPerson, limit: 1 });
    return data[0];
}

/** The session of this name, created when there is none. */
export async function openSession(chat: Chat, named: NamedSession): Promise<Session> {
    const session = await chat.createSession(named);
    if (named.end_user_id != null && session.end_user_id !== named.end_user_id) {
        throw new GatewayzError("This external_id is that of another end user's session.");
    }
    return session;
}

/** A session with its newest `limit` messages, or all, oldest first, however many pages they are. */
export async function wholeSession(
    chat: Chat,
    sessionId: number,
    { limit = Infinity, ...query }: { limit?: number; branches?: "all" } = {},
): Promise<SessionDetail> {
    let messages: Message[] = [];
    for (;;) {
        const page = await chat.readSession(sessionId, {
            ...query,
            message_limit: Math.min(limit - messages.length, MAX_MESSAGES),
            ...(messages[0] && { before: messages[0].id }),
        });
        messages = [...page.messages, ...messages];
        const hasMore = page.has_more_messages && page.messages.length > 0;
        if (!hasMore || messages.length >= limit) return { ...page, messages };
    }
}

/** Add messages, as many at a time as the service takes; each time all or none. */
export async function append(
    chat: Chat,
    sessionId: number,
    messages: MessageInput[],
): Promise<void> {
    const middle = Math.ceil(Math.min(messages.length, 2 * MAX_BATCH) / 2);
    if (messages.length > MAX_BATCH) {
        await append(chat, sessionId, messages.slice(0, middle));
        await append(chat, sessionId, messages.slice(middle));
    } else if (messages.length) {
        try {
            await chat.appendMessages(sessionId, { messages });
        } catch (problem) {
            const isTooLarge = problem instanceof ProblemError && problem.status === 413;
            if (!isTooLarge || messages.length === 1) throw problem;
            await append(chat, sessionId, messages.slice(0, middle));
            await append(chat, sessionId, messages.slice(middle));
        }
    }
}
