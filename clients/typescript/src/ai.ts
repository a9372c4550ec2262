// `gatewayz-client/ai`: keeps the chats of the Vercel AI SDK.

import type { UIMessage } from "ai";
import type { Chat } from "./chat.js";
import type { Gatewayz } from "./client.js";
import { append, findSession, openSession, wholeSession } from "./history.js";
import { GatewayzError } from "./problems.js";
import type { Message, MessageInput, SessionDetail, SessionInput } from "./types.js";

/** What `saveChat` takes: the rest is given to the session when it is created. */
export type SavedChat = Omit<SessionInput, "external_id"> & {
    chatId: string;
    messages: UIMessage[];
    /** Delete for good all messages of the chat except these, on every branch. */
    deleteOthers?: boolean;
};

/**
 * The messages of a chat, as `useChat` takes them to go on with it; none when it is new.
 *
 * Give `end_user_id` when the chat's id comes from a browser: a chat of another person is then as
 * one that is not there.
 */
export async function loadChat<Kind extends UIMessage = UIMessage>(
    { chat }: Gatewayz,
    chatId: string,
    { end_user_id }: Pick<SessionInput, "end_user_id"> = {},
): Promise<Kind[]> {
    const session = await findSession(chat, {
        external_id: chatId,
        end_user_id: end_user_id ?? null,
    });
    if (!session) return [];
    const { messages } = await wholeSession(chat, session.id);
    return messages.filter(isShown).map(toUIMessage) as Kind[];
}

/**
 * Save messages of a chat, which is created when it is new.
 *
 * Only those that are new or changed are sent, so `messages` may be all of them or the last ones. A
 * new message follows the one before it in `messages`: when that has been answered already, the
 * answer before becomes another branch, and is no longer shown. Nothing is deleted, unless
 * `deleteOthers` asks for it. Throws GatewayzError when the chat is that of another `end_user_id`,
 * or a message has no id.
 */
export async function saveChat(
    { chat }: Gatewayz,
    { chatId, messages, deleteOthers = false, ...session }: SavedChat,
): Promise<void> {
    if (messages.some(({ id }) => !id)) {
        throw new GatewayzError("A message has no id: give toUIMessageStream a generateMessageId.");
    }
    const { id } = await openSession(chat, { ...session, external_id: chatId });
    const old = await wholeSession(chat, id, { branches: "all" });
    const known = new Map(old.messages.map((message) => [idOf(message), message]));
    const shown = shownBranch(old);
    const changed: MessageInput[] = [];
    const added: MessageInput[] = [];
    for (const [n, message] of messages.entries()) {
        const same = known.get(message.id);
        const before = known.get(messages[n - 1]?.id ?? "");
        if (!same) {
            // Without a parent it follows the last one, whoever may have added that meanwhile.
            const parent = before && before !== shown[0] && { parent_id: before.id };
            added.push({ ...toInput(message), ...parent });
        } else if (same.client_id !== null && !isSame(same, message)) {
            changed.push(toInput(message));
        }
    }
    await append(chat, id, [...changed, ...added]);
    const last = known.get(messages.at(-1)?.id ?? "");
    if (last && !shown.includes(last)) {
        await chat.patchSession(id, { current_message_id: last.id });
    }
    if (deleteOthers) await deleteAllBut(chat, id, new Set(messages.map((message) => message.id)));
}

/** The branch that is shown, newest first. */
function shownBranch({ messages, current_message_id }: SessionDetail): Message[] {
    const byId = new Map(messages.map((message) => [message.id, message]));
    const shown: Message[] = [];
    let next = byId.get(current_message_id ?? 0);
    for (; next; next = byId.get(next.parent_id ?? 0)) shown.push(next);
    return shown.filter(isShown);
}

/** Delete messages; one in one request with all that follow it, when none of them stays. */
async function deleteAllBut(chat: Chat, id: number, ids: Set<string>): Promise<void> {
    const { messages } = await wholeSession(chat, id, { branches: "all" });
    // Messages that stay, and those before them. A message comes after the one that it follows.
    const kept = new Set<number | null>();
    const gone = messages.filter((message) => isShown(message) && !ids.has(idOf(message)));
    const going = new Set(gone.map((message) => message.id));
    for (const message of [...messages].reverse()) {
        if (!going.has(message.id) || kept.has(message.id)) kept.add(message.parent_id);
    }
    const isWhole = (messageId: number): boolean => going.has(messageId) && !kept.has(messageId);
    for (const message of gone) {
        if (isWhole(message.id)) {
            if (isWhole(message.parent_id ?? 0)) continue;
            await chat.truncateMessages(id, message.id);
        }
        await chat.deleteMessage(id, message.id);
    }
}

// Messages of other programs, and their roles here. Results of tools have no message of their own.
const ROLES: Partial<Record<string, UIMessage["role"]>> = {
    user: "user",
    assistant: "assistant",
    system: "system",
    developer: "system",
};

type Kept = Message & { parts?: UIMessage["parts"] };

function isShown({ role }: Message): boolean {
    return role in ROLES;
}

function idOf(message: Message): string {
    return message.client_id ?? `msg_${message.id}`;
}

function isSame(message: Kept, given: UIMessage): boolean {
    const told = ({ role, parts, metadata }: UIMessage): string =>
        JSON.stringify([role, parts, metadata]);
    return told(toUIMessage(message)) === told(given);
}

function toUIMessage(message: Kept): UIMessage {
    const { role, content, metadata, parts } = message;
    const texts = typeof content === "string" ? [content] : (content ?? []).map(({ text }) => text);
    return {
        id: idOf(message),
        role: ROLES[role]!,
        parts:
            parts ??
            texts
                .filter((text) => typeof text === "string")
                .map((text) => ({ type: "text", text })),
        ...(metadata !== null && { metadata }),
    };
}

/** The service keeps `parts` as given, and searches their texts. */
function toInput({ id, role, parts, metadata }: UIMessage): MessageInput {
    const message = { client_id: id, role, content: null, parts };
    return { ...message, metadata: (metadata ?? null) as MessageInput["metadata"] & {} };
}
