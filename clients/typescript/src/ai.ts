// `gatewayz-client/ai`: keeps the chats of the Vercel AI SDK.

import type { UIMessage } from "ai";
import type { Chat } from "./chat.js";
import type { Gatewayz } from "./client.js";
import { append, findSession, messagesOf, openSession } from "./history.js";
import { GatewayzError } from "./problems.js";
import type { Message, MessageInput, SessionInput } from "./types.js";

/** What `saveChat` takes: the rest is given to the session when it is created. */
export type SavedChat = Omit<SessionInput, "external_id"> & {
    chatId: string;
    messages: UIMessage[];
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
    const messages = session ? await messagesOf(chat, session.id) : [];
    return messages.filter(({ role }) => role in ROLES).map(toUIMessage) as Kind[];
}

/**
 * Make these the messages of a chat, which is created when it is new.
 *
 * Only those that are new or changed are sent. Those that are no longer among them are deleted,
 * after the others are saved. Throws GatewayzError when the chat is that of another `end_user_id`,
 * or a message has no id.
 */
export async function saveChat(
    { chat }: Gatewayz,
    { chatId, messages, ...session }: SavedChat,
): Promise<void> {
    if (messages.some(({ id }) => !id)) {
        throw new GatewayzError("A message has no id: give toUIMessageStream a generateMessageId.");
    }
    const { id } = await openSession(chat, { ...session, external_id: chatId });
    const old = (await messagesOf(chat, id)).filter(({ role }) => role in ROLES);
    const ids = new Set(messages.map((message) => message.id));
    const kept = old.filter((message) => ids.has(idOf(message)));
    let same = 0;
    while (same < kept.length && idOf(kept[same]!) === messages[same]?.id) same++;
    // A message keeps its place when it is sent again, so those in another order go first.
    for (const message of kept.splice(same)) await chat.deleteMessage(id, message.id);

    const gone = old.filter((message) => !ids.has(idOf(message)));
    const changed = messages.filter(
        (message, n) => n < same && kept[n]!.client_id !== null && !isSame(kept[n]!, message),
    );
    const [first, ...others] = messages.slice(same).map(toInput);
    const follows = gone.length ? { parent_id: kept.at(-1)?.id ?? 0 } : {};
    const added = first ? [{ ...first, ...follows }, ...others] : [];
    await append(chat, id, [...changed.map(toInput), ...added]);
    await remove(chat, id, old, gone);
}

async function remove(chat: Chat, id: number, old: Message[], gone: Message[]): Promise<void> {
    const [first, ...others] = gone;
    if (!first) return;
    if (first === old[old.length - gone.length]) {
        await chat.truncateMessages(id, first.id);
    } else {
        for (const message of others) await chat.deleteMessage(id, message.id);
    }
    await chat.deleteMessage(id, first.id);
}

// Messages of other programs, and their roles here. Results of tools have no message of their own.
const ROLES: Partial<Record<string, UIMessage["role"]>> = {
    user: "user",
    assistant: "assistant",
    system: "system",
    developer: "system",
};

type Kept = Message & { parts?: UIMessage["parts"] };

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
