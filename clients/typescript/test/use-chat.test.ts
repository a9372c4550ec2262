// `useChat` of the AI SDK in a page, and a route that loads and saves its chat.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { useChat } from "@ai-sdk/react";
import {
    DefaultChatTransport,
    convertToModelMessages,
    createUIMessageStreamResponse,
    generateId,
    streamText,
    toUIMessageStream,
    type UIMessage,
} from "ai";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { loadChat, saveChat } from "gatewayz-client/ai";
import { act, createElement, type ReactNode } from "react";
import { client, unique } from "./service.ts";

const { JSDOM } = createRequire(import.meta.url)("jsdom");
const { window } = new JSDOM("<main></main>");
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
// It looks for the page when it is imported.
const { createRoot } = await import("react-dom/client");

const usage = {
    inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 10, text: 10, reasoning: undefined },
};

/** A model that says how many messages it was told. */
const model = new MockLanguageModelV4({
    doStream: async ({ prompt }) => ({
        stream: simulateReadableStream({
            chunks: [
                { type: "text-start", id: "t" },
                { type: "text-delta", id: "t", delta: `Told ${prompt.length}.` },
                { type: "text-end", id: "t" },
                {
                    type: "finish",
                    finishReason: { unified: "stop", raw: undefined },
                    usage,
                },
            ],
        }),
    }),
});

async function route(_: unknown, init?: RequestInit): Promise<Response> {
    const { id, message } = JSON.parse(String(init?.body));
    const originalMessages = [...(await loadChat(client, id)), message];
    const { stream } = streamText({
        model,
        messages: await convertToModelMessages(originalMessages),
    });
    return createUIMessageStreamResponse({
        stream: toUIMessageStream({
            stream,
            originalMessages,
            generateMessageId: generateId,
            onEnd: ({ messages }) => saveChat(client, { chatId: id, messages }),
        }),
    });
}

const transport = new DefaultChatTransport<UIMessage>({
    fetch: route,
    prepareSendMessagesRequest: ({ id, messages }) => ({
        body: { id, message: messages.at(-1) },
    }),
});

/** Open a page that shows a chat, ask something, and close it; what it shows then. */
async function ask(id: string, text: string): Promise<{ lines: string[]; messages: UIMessage[] }> {
    const before = await loadChat(client, id);
    let chat: ReturnType<typeof useChat> | undefined;
    function Page(): ReactNode {
        chat = useChat({ id, messages: before, transport });
        return chat.messages.map((message) => {
            const parts = message.parts.map((part) => (part.type === "text" ? part.text : ""));
            return createElement("p", { key: message.id }, `${message.role}: ${parts.join("")}`);
        });
    }
    const main = window.document.querySelector("main");
    const root = createRoot(main);
    await act(async () => root.render(createElement(Page)));
    assert.equal(main.children.length, before.length);
    await act(async () => chat!.sendMessage({ text }));
    assert.equal(chat!.error, undefined);
    const lines = Array.from<Element, string>(main.children, (line) => line.textContent ?? "");
    await act(async () => root.unmount());
    return { lines, messages: chat!.messages };
}

test("a chat of useChat is saved, and goes on in another page", async () => {
    const id = unique("page");
    const first = await ask(id, "Where is it warm?");
    assert.deepEqual(first.lines, ["user: Where is it warm?", "assistant: Told 1."]);
    const second = await ask(id, "And in March?");

    assert.deepEqual(second.lines, [
        ...first.lines,
        "user: And in March?",
        "assistant: Told 3.",
    ]);
    const saved = await loadChat(client, id);
    assert.deepEqual(saved, JSON.parse(JSON.stringify(second.messages)));
});
