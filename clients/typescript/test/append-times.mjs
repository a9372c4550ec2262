// The time of an append through the client and each adapter, against fetch alone;
// `python -m benchmarks clients` runs it.

import OpenAI from "openai";
import { Gatewayz } from "gatewayz-client";
import { saveChat } from "gatewayz-client/ai";
import { GatewayzSession } from "gatewayz-client/openai-agents";

const { GATEWAYZ_URL: url, GATEWAYZ_API_KEY: key } = process.env;
const APPENDS = 100;
const TEXT = "Where is it warm in May? ".repeat(20);
const said = { role: "user", content: TEXT };

const client = new Gatewayz(key, url);
const { conversations } = new OpenAI({ apiKey: key, baseURL: `${url}/v1` });
const byFetch = await client.chat.createSession();
const byClient = await client.chat.createSession();
const conversation = await conversations.create();
const session = new GatewayzSession(client, crypto.randomUUID());
const chatId = crypto.randomUUID();

const appends = {
    fetch: async () => {
        const answer = await fetch(`${url}/v1/chat/sessions/${byFetch.id}/messages`, {
            method: "POST",
            headers: {
                Authorization: `Bearer ${key}`,
                "Content-Type": "application/json",
                "Idempotency-Key": crypto.randomUUID(),
            },
            body: JSON.stringify(said),
        });
        await answer.json();
    },
    client: () => client.chat.appendMessage(byClient.id, said),
    ai: () => {
        const parts = [{ type: "text", text: TEXT }];
        const message = { id: crypto.randomUUID(), role: "user", parts };
        return saveChat(client, { chatId, messages: [message] });
    },
    openai: () => conversations.items.create(conversation.id, { items: [said] }),
    "openai-agents": () => session.addItems([said]),
};

const taken = Object.fromEntries(Object.keys(appends).map((name) => [name, []]));
for (let n = 0; n <= APPENDS; n++) {
    // In turns, so that a busy moment meets all of them; the first turn warms up.
    for (const [name, append] of Object.entries(appends)) {
        const began = performance.now();
        await append();
        if (n > 0) taken[name].push(performance.now() - began);
    }
}
const median = (name) => taken[name].sort((a, b) => a - b)[APPENDS / 2];
for (const name of Object.keys(appends)) {
    const ratio = (median(name) / median("fetch")).toFixed(2);
    console.log(`  ${name.padEnd(20)} ${median(name).toFixed(1).padStart(6)} ms  ${ratio.padStart(5)}`);
}
