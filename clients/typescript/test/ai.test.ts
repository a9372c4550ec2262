// The Vercel AI SDK itself, with a model that answers what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    convertToModelMessages,
    generateId,
    isStepCount,
    readUIMessageStream,
    streamText,
    tool,
    toUIMessageStream,
    validateUIMessages,
    type UIMessage,
} from "ai";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { GatewayzError } from "gatewayz-client";
import { loadChat, saveChat } from "gatewayz-client/ai";
import { z } from "zod";
import { client, unique } from "./service.ts";

type Streamed = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type Chunk = Streamed extends ReadableStream<infer Part> ? Part : never;

const usage = {
    inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 10, text: 10, reasoning: undefined },
};
const finish = (unified: "stop" | "tool-calls"): Chunk => ({
    type: "finish",
    finishReason: { unified, raw: undefined },
    usage,
});

/** A model that thinks, asks for the weather, and answers with a text, a source and a picture. */
function model(): MockLanguageModelV4 {
    const answers: Chunk[][] = [
        [
            { type: "reasoning-start", id: "r" },
            { type: "reasoning-delta", id: "r", delta: "I have to look." },
            { type: "reasoning-end", id: "r", providerMetadata: { openai: { encrypted: "gAAA" } } },
            { type: "tool-call", toolCallId: "c", toolName: "weather", input: '{"city":"Rome"}' },
            finish("tool-calls"),
        ],
        [
            { type: "text-start", id: "t" },
            { type: "text-delta", id: "t", delta: "Warm " },
            { type: "text-delta", id: "t", delta: "in Rome." },
            { type: "text-end", id: "t" },
            {
                type: "source",
                sourceType: "url",
                id: "s",
                url: "https://example.com",
                title: "Weather",
            },
            { type: "file", mediaType: "image/png", data: { type: "data", data: "AAAA" } },
            finish("stop"),
        ],
    ];
    return new MockLanguageModelV4({
        doStream: async () => ({ stream: simulateReadableStream({ chunks: answers.shift()! }) }),
    });
}

const tools = {
    weather: tool({
        inputSchema: z.object({ city: z.string() }),
        execute: async () => ({ celsius: 21.5, hours: [1, null] }),
    }),
};

/** What a route of a chat does; the messages after it. */
async function answer(chatId: string, message: UIMessage): Promise<UIMessage[]> {
    const messages = [...(await loadChat(client, chatId)), message];
    const validated = await validateUIMessages({ messages });
    const { stream } = streamText({
        model: model(),
        messages: await convertToModelMessages(validated, { tools }),
        tools,
        stopWhen: isStepCount(2),
    });
    let ended: UIMessage[] = [];
    const chunks = toUIMessageStream({
        stream,
        tools,
        originalMessages: validated,
        generateMessageId: generateId,
        sendSources: true,
        messageMetadata: ({ part }) => (part.type === "finish" ? { tokens: 10 } : undefined),
        onEnd: async ({ messages }) => {
            await saveChat(client, { chatId, messages });
            ended = messages;
        },
    });
    for await (const _ of readUIMessageStream({ stream: chunks }));
    return ended;
}

const asked = (text: string): UIMessage => ({
    id: generateId(),
    role: "user",
    metadata: { createdAt: 17 },
    parts: [
        { type: "text", text },
        {
            type: "file",
            mediaType: "image/png",
            url: "data:image/png;base64,AAAA",
            filename: "a.png",
        },
    ],
});
const said = (id: string, text = id): UIMessage => ({
    id,
    role: "user",
    parts: [{ type: "text", text }],
});
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("a chat with tools, reasoning, files and sources goes on where it was", async () => {
    const chatId = unique("chat");
    const first = await answer(chatId, asked("Where is it warm?"));
    assert.deepEqual(await loadChat(client, chatId), plain(first));
    const second = await answer(chatId, asked("And in March?"));

    assert.deepEqual(second.slice(0, 2), plain(first));
    assert.deepEqual(await loadChat(client, chatId), plain(second));
    const kinds = second[3]!.parts.map(({ type }) => type);
    assert.deepEqual(kinds.sort(), [
        ...["file", "reasoning", "source-url", "step-start", "step-start", "text", "tool-weather"],
    ]);
    assert.deepEqual(second[3]!.metadata, { tokens: 10 });
});

test("the texts of a chat are found", async () => {
    const [chatId, word] = [unique("chat"), unique("word").replaceAll("-", "")];
    await saveChat(client, { chatId, messages: [said("m", word)], title: "Weather" });

    const { data } = await client.chat.searchChats({ query: word });
    assert.deepEqual([data[0]?.external_id, data[0]?.title], [chatId, "Weather"]);
});

const shown = async (chatId: string): Promise<string[]> =>
    (await loadChat(client, chatId)).map(({ id }) => id);
const kept = async (chatId: string): Promise<(string | null)[]> => {
    const { id } = await client.chat.createSession({ external_id: chatId });
    const messages = await client.chat.listMessages(id, { branches: "all" });
    return messages.map(({ client_id }) => client_id);
};

// What programs give to `saveChat` one after the other, and what the chat then shows.
for (const [name, saves, expected] of [
    [
        "all messages of each answer",
        [
            ["a", "b"],
            ["a", "b", "c", "d"],
        ],
        ["a", "b", "c", "d"],
    ],
    ["only what is new", [["a"], ["b"], ["c", "d"]], ["a", "b", "c", "d"]],
    [
        "only the newest, as a model was given them",
        [
            ["a", "b", "c"],
            ["c", "d"],
        ],
        ["a", "b", "c", "d"],
    ],
    ["a question before its answer", [["a"], ["a", "b"]], ["a", "b"]],
    [
        "an answer made again",
        [
            ["a", "b"],
            ["a", "c"],
        ],
        ["a", "c"],
    ],
    [
        "a question asked in other words",
        [
            ["a", "b", "c", "d"],
            ["a", "b", "e"],
            ["a", "b", "e", "f"],
        ],
        ["a", "b", "e", "f"],
    ],
    [
        "the answer from before the one made again",
        [
            ["a", "b"],
            ["a", "c"],
            ["a", "b"],
        ],
        ["a", "b"],
    ],
    [
        "what goes on with the answer from before",
        [
            ["a", "b"],
            ["a", "c"],
            ["a", "b", "d"],
        ],
        ["a", "b", "d"],
    ],
    ["nothing", [["a", "b"], []], ["a", "b"]],
] as const) {
    test(`a chat shows what was saved, and deletes nothing: ${name}`, async () => {
        const chatId = unique("chat");
        for (const ids of saves) {
            await saveChat(client, { chatId, messages: ids.map((id) => said(id)) });
        }

        assert.deepEqual(await shown(chatId), expected);
        assert.deepEqual(new Set(await kept(chatId)), new Set(saves.flat()));
    });
}

for (const [name, before, after] of [
    ["an answer made again", ["a", "b"], ["a", "c"]],
    ["a message in the midst deleted", ["a", "b", "c"], ["a", "c"]],
    ["messages in the midst deleted, and one added", ["a", "b", "c", "d"], ["a", "d", "e"]],
    ["everything deleted", ["a", "b"], []],
    ["everything new", ["a", "b"], ["c", "d"]],
    ["the first message deleted", ["a", "b", "c"], ["b", "c"]],
] as const) {
    test(`a chat becomes what is saved when others are to be deleted: ${name}`, async () => {
        const chatId = unique("chat");
        const save = (ids: readonly string[], deleteOthers: boolean): Promise<void> =>
            saveChat(client, { chatId, messages: ids.map((id) => said(id)), deleteOthers });
        await save(before, false);
        await save(["a", "other branch"], false);
        await save(after, true);

        assert.deepEqual(await shown(chatId), after);
        assert.deepEqual(await kept(chatId), after);
    });
}

test("a changed message keeps its place, and one that is the same is not sent", async () => {
    const chatId = unique("chat");
    await saveChat(client, { chatId, messages: [said("a"), said("b")] });
    const changed = [said("a", "changed"), said("b")];
    await saveChat(client, { chatId, messages: changed });

    assert.deepEqual(await loadChat(client, chatId), changed);
    const session = await client.chat.createSession({ external_id: chatId });
    const [first, second] = await client.chat.listMessages(session.id);
    assert(first?.updated_at);
    assert.equal(second?.updated_at, null);
});

test("a chat of more messages than one request takes is saved and loaded", async () => {
    const chatId = unique("chat");
    const messages = Array.from({ length: 1203 }, (_, n) => said(`m${n}`));
    await saveChat(client, { chatId, messages });

    assert.deepEqual(await loadChat(client, chatId), messages);
});

test("messages of other programs are shown, and stay as they are", async () => {
    const chatId = unique("chat");
    const { id } = await client.chat.createSession({ external_id: chatId });
    const { id: other } = await client.chat.appendMessage(id, { role: "user", content: "Hello" });
    await client.chat.appendMessage(id, { role: "tool", content: "21" });
    const loaded = await loadChat(client, chatId);
    await saveChat(client, { chatId, messages: [...loaded, said("b")] });

    assert.deepEqual(loaded, [said(`msg_${other}`, "Hello")]);
    assert.deepEqual(await loadChat(client, chatId), [...loaded, said("b")]);
});

test("a chat of another person is not there", async () => {
    const [chatId, end_user_id] = [unique("chat"), unique("ada")];
    await saveChat(client, { chatId, messages: [said("a")], end_user_id });

    assert.deepEqual(await loadChat(client, chatId, { end_user_id }), [said("a")]);
    assert.deepEqual(await loadChat(client, chatId, { end_user_id: "eve" }), []);
    const theft = saveChat(client, { chatId, messages: [said("b")], end_user_id: "eve" });
    await assert.rejects(theft, GatewayzError);
});

test("a message without an id is not saved", async () => {
    const messages = [said("")];

    await assert.rejects(
        saveChat(client, { chatId: unique("chat"), messages }),
        /generateMessageId/,
    );
});
