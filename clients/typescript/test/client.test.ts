import assert from "node:assert/strict";
import { test } from "node:test";
import {
    ForbiddenError,
    Gatewayz,
    NotFoundError,
    ProblemError,
    UnauthorizedError,
} from "gatewayz-client";
import { KEY, URL, client, unique } from "./service.ts";

test("a conversation from its beginning to its end", async () => {
    const word = unique("word").replaceAll("-", "");
    const session = await client.chat.createSession({
        title: "Holidays",
        metadata: { a: [1.5, null] },
    });
    const first = await client.chat.appendMessage(session.id, {
        role: "user",
        content: `Where? ${word}`,
    });
    const { saved } = await client.chat.appendMessages(session.id, {
        messages: [
            { role: "assistant", content: [{ type: "text", text: "In Crete" }], client_id: "m2" },
            { role: "user", content: "And in March?" },
        ],
    });
    const last = saved[1]!.data;

    assert.deepEqual(session.metadata, { a: [1.5, null] });
    assert.equal(
        (await client.chat.patchMessage(session.id, last.id, { content: "In May?" })).content,
        "In May?",
    );
    await client.chat.deleteMessage(session.id, last.id);
    assert.deepEqual(await client.chat.truncateMessages(session.id, first.id), {
        deleted_count: 1,
    });
    const messages = await client.chat.listMessages(session.id);
    assert.deepEqual(
        messages.map(({ id }) => id),
        [first.id],
    );
    const renamed = await client.chat.patchSession(session.id, { title: "Work", folder: null });
    assert.equal(renamed.title, "Work");
    const { data: found, count } = await client.chat.searchChats({ query: word });
    assert.deepEqual([found[0]?.id, count], [session.id, 1]);
    const exported = await client.chat.exportSession(session.id, { format: "markdown" });
    assert.match(await exported.text(), new RegExp(word));

    await client.chat.deleteSession(session.id);
    await assert.rejects(client.chat.readSession(session.id), (problem: unknown) => {
        assert(problem instanceof NotFoundError && problem instanceof ProblemError);
        assert.deepEqual(
            [problem.name, problem.status, problem.code],
            ["NotFoundError", 404, "not_found"],
        );
        assert(problem.requestId && problem.detail);
        return true;
    });
    await client.chat.restoreSession(session.id);
    assert.equal((await client.chat.readSession(session.id)).messages.length, 1);
});

test("a session is found by its external_id", async () => {
    const external_id = unique("chat");
    const [first, again] = [
        await client.chat.createSession({ external_id }),
        await client.chat.createSession({ external_id }),
    ];

    assert.equal(first.id, again.id);
});

test("the same idempotency key creates once", async () => {
    const options = { idempotencyKey: crypto.randomUUID() };
    const [first, again] = [
        await client.chat.createSession({}, options),
        await client.chat.createSession({}, options),
    ];

    assert.equal(first.id, again.id);
});

for (const limit of [2, 5, 100]) {
    test(`for await goes through all pages of ${limit}, await gives the first`, async () => {
        const folder = unique("folder");
        const created = await client.chat.createSessions({
            sessions: Array.from({ length: 5 }, (_, n) => ({ folder, title: String(n) })),
        });
        const session_id = created[0]!.id;
        for (let rating = 1; rating <= 5; rating++) {
            await client.chat.giveFeedback({ feedback_type: "thumbs_up", session_id, rating });
        }

        const page = await client.chat.listSessions({ folder, limit });
        assert.deepEqual([page.data.length, page.count], [Math.min(limit, 5), 5]);
        const titles: string[] = [];
        for await (const { title } of client.chat.listSessions({ folder, limit }))
            titles.push(title);
        assert.deepEqual(titles.sort(), ["0", "1", "2", "3", "4"]);
        const ratings: unknown[] = [];
        for await (const { rating } of client.chat.listSessionFeedback(session_id, { limit }))
            ratings.push(rating);
        assert.deepEqual(ratings.sort(), [1, 2, 3, 4, 5]);
    });
}

test("an export has every session and its messages", async () => {
    const end_user_id = unique("person");
    const { id } = await client.chat.createSession({ end_user_id });
    await client.chat.appendMessage(id, { role: "user", content: "Grüße\n\u2028" });
    const lines = [];
    for await (const line of client.chat.exportAll({ end_user_id })) lines.push(line);

    assert.deepEqual(
        lines.map(({ type }) => type),
        ["session", "message"],
    );
    assert.equal(lines[1]?.type === "message" && lines[1].content, "Grüße\n\u2028");
});

test("all sessions of a person are erased", async () => {
    const end_user_id = unique("person");
    await client.chat.createSession({ end_user_id });

    assert.deepEqual(await client.chat.deleteSessions({ end_user_id }), { deleted_count: 1 });
});

test("a key is created, limited, rotated and deleted", async () => {
    const { api_key, data } = await client.keys.createApiKey({
        key_name: unique("key"),
        scope_permissions: { chat: ["read"] },
    });
    const reader = new Gatewayz(api_key, URL);
    assert.equal(typeof (await reader.chat.chatStats()).total_sessions, "number");
    await assert.rejects(reader.chat.createSession(), ForbiddenError);

    const limited = await client.keys.changeApiKey(data.id, { max_requests: 500 });
    assert.equal(limited.max_requests, 500);
    const { api_key: rotated } = await client.keys.rotateApiKey(data.id);
    assert.notEqual(rotated, api_key);
    await assert.rejects(reader.chat.chatStats(), UnauthorizedError);
    const names = [];
    for await (const { key_name } of client.keys.listApiKeys({ limit: 1 })) names.push(key_name);
    assert(names.includes(data.key_name));
    await client.keys.deleteApiKey(data.id);
    await assert.rejects(client.keys.readApiKey(data.id), NotFoundError);
});

test("an account is read, changed and exported", async () => {
    const name = unique("Ada");
    assert.equal((await client.account.patchProfile({ name })).name, name);
    assert.equal((await client.account.getProfile()).name, name);
    assert((await client.account.listPlans()).data.length > 0);
    const exported = await client.account.exportAccount({ format: "ndjson" });
    assert.match(await exported.text(), new RegExp(name));
});

test("an unknown key is rejected", async () => {
    const stranger = new Gatewayz("gw_live_nobody", `${URL}/`);

    await assert.rejects(stranger.chat.chatStats(), UnauthorizedError);
});

test("a browser may send every header that the client sends", async () => {
    const sent = new Set<string>();
    const spy: typeof fetch = (url, init) => {
        for (const name of new Headers(init?.headers).keys()) sent.add(name);
        return fetch(url, init);
    };
    await new Gatewayz(KEY, URL, { fetch: spy }).chat.createSession();
    const preflight = await fetch(`${URL}/v1/chat/sessions`, {
        method: "OPTIONS",
        headers: {
            Origin: "https://app.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": [...sent].join(","),
        },
    });

    assert.deepEqual([...sent].sort(), ["authorization", "content-type", "idempotency-key"]);
    assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), "https://app.example.com");
    const allowed = preflight.headers.get("Access-Control-Allow-Headers")!.split(/, */);
    assert.deepEqual(
        [...sent].filter((name) => !allowed.includes(name)),
        [],
    );
});
