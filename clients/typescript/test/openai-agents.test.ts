// OpenAI's Agents SDK itself, with a model that answers what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    Agent,
    Runner,
    Usage,
    tool,
    type AgentInputItem,
    type AgentOutputItem,
    type Model,
    type ModelRequest,
} from "@openai/agents";
import { Gatewayz, GatewayzError } from "gatewayz-client";
import { GatewayzSession } from "gatewayz-client/openai-agents";
import { z } from "zod";
import { KEY, URL, client, unique } from "./service.ts";

const session = (options = {}): GatewayzSession =>
    new GatewayzSession(client, unique("agents"), options);
const said = (content: string): AgentInputItem => ({ role: "user", content });

const IMAGE: AgentInputItem = {
    role: "user",
    content: [
        { type: "input_text", text: "What is this?" },
        { type: "input_image", image: "data:image/png;base64,AAAA", detail: "auto" },
    ],
};
const CALL: AgentOutputItem[] = [
    {
        type: "reasoning",
        id: "rs_1",
        content: [{ type: "input_text", text: "I have to look." }],
        providerData: { encrypted_content: "gAAA" },
    },
    {
        type: "function_call",
        id: "fc_1",
        callId: "call_1",
        name: "weather",
        status: "completed",
        arguments: '{"city":"Rome"}',
    },
];
const ANSWER: AgentOutputItem = {
    type: "message",
    id: "msg_1",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text: "Warm in Rome.", providerData: { annotations: [] } }],
};

/** A model that asks for the weather and then answers, again and again. */
class FakeModel implements Model {
    readonly requests: ModelRequest[] = [];

    async getResponse(request: ModelRequest): ReturnType<Model["getResponse"]> {
        this.requests.push(request);
        const output = this.requests.length % 2 ? CALL : [ANSWER];
        return { usage: new Usage(), output };
    }

    async *getStreamedResponse(): ReturnType<Model["getStreamedResponse"]> {
        throw new Error("Not streamed");
    }
}

test("a run with tools, reasoning and images goes on where the one before ended", async () => {
    const model = new FakeModel();
    const weather = tool({
        name: "weather",
        description: "The weather",
        parameters: z.object({ city: z.string() }),
        execute: async ({ city }) => `warm in ${city}`,
    });
    const agent = new Agent({ name: "Guide", model, tools: [weather] });
    const runner = new Runner({ tracingDisabled: true });
    const memory = session();
    const first = await runner.run(agent, [IMAGE], {
        session: memory,
        sessionInputCallback: (old, added) => [...old, ...added],
    });
    const kept = await memory.getItems();
    await runner.run(agent, "And in March?", { session: memory });

    assert.equal(first.finalOutput, "Warm in Rome.");
    const kinds = kept.map((item) => item.type ?? "message");
    assert.deepEqual(kinds, [
        ...["message", "reasoning", "function_call", "function_call_result", "message"],
    ]);
    assert.deepEqual(kept[0], JSON.parse(JSON.stringify(IMAGE)));
    assert.deepEqual(kept[1], CALL[0]);
    assert.deepEqual((model.requests[2]!.input as AgentInputItem[]).length, kept.length + 1);
    assert.deepEqual((await memory.getItems()).slice(0, kept.length), kept);
});

test("items of every kind come back as they were given", async () => {
    const memory = session();
    const result: AgentInputItem = {
        type: "function_call_result",
        callId: "call_1",
        name: "weather",
        status: "completed",
        output: { type: "text", text: "warm" },
    };
    const items = [said("Hello"), IMAGE, ...CALL, result, ANSWER, ANSWER];
    await memory.addItems(items);

    assert.deepEqual(await memory.getItems(), items);
});

test("the newest items are given, oldest first", async () => {
    const memory = session();
    await memory.addItems(["a", "b", "c"].map(said));

    assert.deepEqual(await memory.getItems(2), [said("b"), said("c")]);
    assert.deepEqual(await memory.getItems(0), []);
});

test("the last item is popped", async () => {
    const memory = session();
    await memory.addItems([said("a"), said("b")]);

    assert.deepEqual([await memory.popItem(), await memory.popItem()], [said("b"), said("a")]);
    assert.equal(await memory.popItem(), undefined);
});

test("a session is cleared, and begins again under its name", async () => {
    const memory = session();
    await memory.addItems([said("a")]);
    await memory.clearSession();
    assert.deepEqual(await memory.getItems(), []);
    await memory.addItems([said("b")]);

    assert.deepEqual(await memory.getItems(), [said("b")]);
    const again = new GatewayzSession(client, await memory.getSessionId());
    assert.deepEqual(await again.getItems(), [said("b")]);
});

test("more items than one request takes are added in their order", async () => {
    const memory = session();
    const items = Array.from({ length: 1203 }, (_, n) => said(String(n)));
    await memory.addItems(items);

    assert.deepEqual(await memory.getItems(), items);
});

test("messages of other programs are items", async () => {
    const external_id = unique("agents");
    const { id } = await client.chat.createSession({ external_id });
    await client.chat.appendMessages(id, {
        messages: [
            { role: "user", content: "Hello" },
            { role: "assistant", content: "Hi" },
        ],
    });

    assert.deepEqual(await new GatewayzSession(client, external_id).getItems(), [
        said("Hello"),
        { role: "assistant", status: "completed", content: [{ type: "output_text", text: "Hi" }] },
    ]);
});

test("a session of another person is neither read nor written", async () => {
    const external_id = unique("agents");
    await new GatewayzSession(client, external_id, { end_user_id: "ada" }).addItems([said("a")]);
    const other = new GatewayzSession(client, external_id, { end_user_id: "eve" });

    assert.deepEqual(await other.getItems(), []);
    await assert.rejects(other.addItems([said("b")]), GatewayzError);
});

test("a session is looked up once, and again when another program has deleted it", async () => {
    const asked: string[] = [];
    const spy: typeof fetch = (url, init) => {
        asked.push(`${init?.method} ${String(url).replace(/.*\/chat|\d+|\?.*/g, "")}`);
        return fetch(url, init);
    };
    const memory = new GatewayzSession(new Gatewayz(KEY, URL, { fetch: spy }), unique("agents"));
    await memory.addItems([said("a")]);
    await memory.addItems([said("b")]);
    assert.deepEqual(await memory.getItems(), [said("a"), said("b")]);
    const [add, read] = ["POST /sessions//messages/batch", "GET /sessions/"];
    assert.deepEqual(asked, ["POST /sessions", add, add, read]);

    const external_id = await memory.getSessionId();
    const { id } = await client.chat.createSession({ external_id });
    await client.chat.deleteSession(id);
    assert.deepEqual(await memory.getItems(), []);
    await memory.addItems([said("c")]);
    assert.deepEqual(await memory.getItems(), [said("c")]);
});
