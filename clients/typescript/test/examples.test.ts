// The examples of the pages, which pytest has written to the folder `examples`.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { Usage, setDefaultModelProvider, setTracingDisabled } from "@openai/agents";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { loadChat } from "gatewayz-client/ai";
import { client, unique } from "./service.ts";

const usage = {
    inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 10, text: 10, reasoning: undefined },
};

// What a name of a model stands for, in the AI SDK and the Agents SDK.
const languageModel = (): MockLanguageModelV4 =>
    new MockLanguageModelV4({
        doStream: async () => ({
            stream: simulateReadableStream({
                chunks: [
                    { type: "text-start", id: "t" },
                    { type: "text-delta", id: "t", delta: "In Crete." },
                    { type: "text-end", id: "t" },
                    { type: "finish", finishReason: { unified: "stop", raw: undefined }, usage },
                ],
            }),
        }),
    });
Object.assign(globalThis, { AI_SDK_DEFAULT_PROVIDER: { languageModel } });
setTracingDisabled(true);
setDefaultModelProvider({
    getModel: () => ({
        getResponse: async () => ({
            usage: new Usage(),
            output: [
                {
                    type: "message",
                    role: "assistant",
                    status: "completed",
                    content: [{ type: "output_text", text: "In Crete." }],
                },
            ],
        }),
        getStreamedResponse: () => {
            throw new Error("Not streamed");
        },
    }),
});

const folder = new URL("examples/", import.meta.url);
for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    test(`the example ${name} runs`, async () => {
        const example = (await import(new URL(name, folder).href)) as {
            POST?: (request: Request) => Promise<Response>;
        };
        if (!example.POST) return;
        const id = unique("chat");
        for (const text of ["Where is it warm in May?", "And in March?"]) {
            const message = { id: unique("m"), role: "user", parts: [{ type: "text", text }] };
            const body = JSON.stringify({ id, message });
            const answer = await example.POST(
                new Request("https://a.example", { method: "POST", body }),
            );
            assert.match(await answer.text(), /In Crete/);
        }

        const roles = (await loadChat(client, id)).map(({ role }) => role);
        assert.deepEqual(roles, ["user", "assistant", "user", "assistant"]);
    });
}
