// OpenAI's own client, unmodified, with this service as its `baseURL`.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { KEY, URL } from "./service.ts";

const baseURL = `${URL}/v1`;
const client = new OpenAI({ apiKey: KEY, baseURL });
const HELLO = { role: "user", content: "Where is it warm?" } as const;
const CALL = {
    type: "function_call",
    call_id: "call_1",
    name: "weather",
    arguments: "{}",
} as const;
const OUTPUT = {
    type: "function_call_output",
    call_id: "call_1",
    output: "warm in Rome",
} as const;
const REASONING = {
    type: "reasoning",
    id: "rs_1",
    summary: [],
    encrypted_content: "gAAA",
};
const IMAGE = {
    type: "input_image",
    image_url: "data:image/png;base64,AAAA",
    detail: "auto",
} as const;

test("OpenAI's client keeps a conversation", async () => {
    const conversation = await client.conversations.create({
        metadata: { topic: "holidays" },
        items: [HELLO],
    });
    assert.deepEqual(await client.conversations.retrieve(conversation.id), conversation);
    const changed = await client.conversations.update(conversation.id, {
        metadata: { topic: "work" },
    });
    assert.deepEqual(changed.metadata, { topic: "work" });

    const { items } = client.conversations;
    const { data: added } = await items.create(conversation.id, {
        items: [
            CALL,
            OUTPUT,
            { ...REASONING, type: "reasoning" },
            { role: "user", content: [IMAGE] },
        ],
    });
    assert.deepEqual(
        added.map(({ type }) => type),
        ["function_call", "function_call_output", "reasoning", "message"],
    );
    for (const [n, given] of [CALL, OUTPUT, REASONING].entries()) {
        assert.deepEqual(added[n], { ...given, id: added[n]!.id });
    }
    assert.deepEqual(added[3]!.type === "message" && added[3]!.content, [IMAGE]);
    const listed = [];
    const pages = items.list(conversation.id, {
        limit: 2,
        order: "asc",
        include: ["file_search_call.results"],
    });
    for await (const item of pages) listed.push(item);
    assert.deepEqual(listed.slice(1), added);
    const where = { conversation_id: conversation.id };
    assert.deepEqual(await items.retrieve("rs_1", where), added[2]);
    assert.equal((await items.delete("rs_1", where)).id, conversation.id);
    assert.equal((await items.list(conversation.id)).data.length, 4);
    assert((await client.conversations.delete(conversation.id)).deleted);

    await assert.rejects(client.conversations.retrieve(conversation.id), (error: unknown) => {
        assert(error instanceof NotFoundError);
        assert.deepEqual([error.code, error.param], ["not_found", null]);
        return true;
    });
});

test("OpenAI's client throws its own errors", async () => {
    const wrong = { items: [7] } as unknown as OpenAI.Conversations.ConversationCreateParams;
    await assert.rejects(client.conversations.create(wrong), (error: unknown) => {
        assert(error instanceof BadRequestError);
        assert.deepEqual([error.code, error.param], ["validation_error", "items"]);
        return true;
    });
    const stranger = new OpenAI({ apiKey: "none", baseURL });
    await assert.rejects(stranger.conversations.retrieve("conv_1"), AuthenticationError);
});

test("a browser may send every header that OpenAI's client sends", async () => {
    const sent = new Set<string>();
    const spy: typeof fetch = (url, init) => {
        for (const name of new Headers(init?.headers).keys()) sent.add(name);
        return fetch(url, init);
    };
    await new OpenAI({ apiKey: KEY, baseURL, fetch: spy }).conversations.create();
    sent.delete("user-agent"); // a browser sends its own
    const preflight = await fetch(`${baseURL}/conversations`, {
        method: "OPTIONS",
        headers: {
            Origin: "https://app.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": [...sent].join(","),
        },
    });

    const allowed = preflight.headers.get("Access-Control-Allow-Headers")!.split(/, */);
    const simple = ["accept", "content-length"];
    assert.deepEqual(
        [...sent].filter((name) => ![...allowed, ...simple].includes(name)),
        [],
    );
});
