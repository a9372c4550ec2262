// `gatewayz-client/openai-agents`: a session of OpenAI's Agents SDK.

import type { AgentInputItem, Session as AgentsSession } from "@openai/agents";
import type { Chat } from "./chat.js";
import type { Gatewayz } from "./client.js";
import { append, findSession, openSession, wholeSession, type NamedSession } from "./history.js";
import { NotFoundError } from "./problems.js";
import type { Message, MessageInput, Session, SessionInput } from "./types.js";

/**
 * A memory of agents, in the session whose `external_id` is the `sessionId`.
 *
 * Give `end_user_id` when that comes from a browser: a session of another person is neither read
 * nor written.
 */
export class GatewayzSession implements AgentsSession {
    readonly #chat: Chat;
    readonly #named: NamedSession;
    #id: number | undefined;

    /** @param session is what the session is created with. */
    constructor(
        { chat }: Gatewayz,
        sessionId: string,
        session: Omit<SessionInput, "external_id"> = {},
    ) {
        this.#chat = chat;
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
        await this.#inSession(openSession, (id) => append(this.#chat, id, items.map(toInput)));
    }

    async popItem(): Promise<AgentInputItem | undefined> {
        const [last] = await this.#messages(1);
        if (last) await this.#chat.deleteMessage(last.session_id, last.id);
        return last && toItem(last)[0];
    }

    /** Move the session to the trash; the next item begins another of this name. */
    async clearSession(): Promise<void> {
        await this.#inSession(findSession, (id) => this.#chat.deleteSession(id));
        this.#id = undefined;
    }

    async #messages(limit = Infinity): Promise<Message[]> {
        if (limit < 1) return [];
        const read = (id: number) => wholeSession(this.#chat, id, { limit });
        return (await this.#inSession(findSession, read))?.messages ?? [];
    }

    /** `use` the session, which is looked up unless it is known; undefined when there is none. */
    async #inSession<Result>(
        lookUp: (chat: Chat, named: NamedSession) => Promise<Session | undefined>,
        use: (id: number) => Promise<Result>,
    ): Promise<Result | undefined> {
        if (this.#id !== undefined) {
            try {
                return await use(this.#id);
            } catch (problem) {
                // Deleted elsewhere, and perhaps begun again.
                if (!(problem instanceof NotFoundError)) throw problem;
            }
        }
        this.#id = (await lookUp(this.#chat, this.#named))?.id;
        return this.#id === undefined ? undefined : use(this.#id);
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
