// `gatewayz-client/openai-agents`: a session of OpenAI's Agents SDK.

import type { AgentInputItem, Session } from "@openai/agents";
import type { Gatewayz } from "./client.js";
import { append, findSession, messagesOf, openSession, type NamedSession } from "./history.js";
import type { Message, MessageInput, SessionInput } from "./types.js";

/**
 * A memory of agents, in the session whose `external_id` is the `sessionId`.
 *
 * Give `end_user_id` when that comes from a browser: a session of another person is neither read
 * nor written.
 */
export class GatewayzSession implements Session {
    readonly #client: Gatewayz;
    readonly #named: NamedSession;

    /** @param session is what the session is created with. */
    constructor(
        client: Gatewayz,
        sessionId: string,
        session: Omit<SessionInput, "external_id"> = {},
    ) {
        this.#client = client;
        this.#named = { ...session, external_id: sessionId };
    }

    async getSessionId(): Promise<string> {
        return this.#named.external_id;
    }

    async getItems(limit?: number): Promise<AgentInputItem[]> {
        return (await this.#messages(limit)).flatMap(toItem);
    }

    async addItems(items: AgentInputItem[]): Promise<void> {
        if (!items.length) return;
        const { id } = await openSession(this.#client.chat, this.#named);
        await append(this.#client.chat, id, items.map(toInput));
    }

    async popItem(): Promise<AgentInputItem | undefined> {
        const [last] = await this.#messages(1);
        if (last) await this.#client.chat.deleteMessage(last.session_id, last.id);
        return last && toItem(last)[0];
    }

    /** Move the session to the trash; the next item begins another of this name. */
    async clearSession(): Promise<void> {
        const session = await findSession(this.#client.chat, this.#named);
        if (session) await this.#client.chat.deleteSession(session.id);
    }

    async #messages(limit?: number): Promise<Message[]> {
        if (limit !== undefined && limit < 1) return [];
        const session = await findSession(this.#client.chat, this.#named);
        return session ? messagesOf(this.#client.chat, session.id, limit) : [];
    }
}

type Kept = Message & { agents_item?: Record<string, unknown> };

/** A message as one with its content; any other item whole, in a message without content. */
function toInput(item: AgentInputItem): MessageInput {
    if ("role" in item) {
        const { role, content, ...agents_item } = item;
        const message = { role, content, agents_item };
        return message as MessageInput;
    }
    const role = /_(result|output)$/.test(item.type) ? "tool" : "assistant";
    const message = { role, content: null, agents_item: item } as const;
    return message;
}

/** The item of a message; none for what other programs have added and agents cannot read. */
function toItem({ role, content, agents_item }: Kept): AgentInputItem[] {
    if (agents_item)
        return [
            (content === null ? agents_item : { ...agents_item, role, content }) as AgentInputItem,
        ];
    if (typeof content !== "string") return [];
    if (role === "user" || role === "system") return [{ role, content }];
    if (role !== "assistant") return [];
    return [{ role, status: "completed", content: [{ type: "output_text", text: content }] }];
}
