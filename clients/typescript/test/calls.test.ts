// How requests are sent and repeated, by a `fetch` that answers what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    ConflictError,
    Gatewayz,
    GatewayzError,
    InvalidError,
    LimitError,
    UnavailableError,
    UnreachableError,
} from "gatewayz-client";

type Answer = () => Response | Promise<Response>;

const ok = (): Response => Response.json({ data: { id: 1 } });
const problem =
    (status: number, headers: Record<string, string> = {}): Answer =>
    () =>
        Response.json({ code: "code", detail: "Detail" }, { status, headers });
const lost = (): Response => {
    throw new TypeError("fetch failed");
};

/** A client whose requests get these answers one after another, and the requests. */
function answered(...answers: Answer[]): [Gatewayz, Request[]] {
    const requests: Request[] = [];
    const client = new Gatewayz("gw_live_key", "https://gatewayz.example/", {
        fetch: async (url, init) => {
            requests.push(new Request(url, init));
            return answers[requests.length - 1]!();
        },
    });
    return [client, requests];
}

for (const [name, first] of Object.entries({
    "a 503 with Retry-After": problem(503, { "Retry-After": "0" }),
    "a 429 with Retry-After": problem(429, { "Retry-After": "0" }),
    "a 502 of a proxy": () => new Response("<h1>Bad Gateway</h1>", { status: 502 }),
    "a lost connection": lost,
    "an answer that is cut off": () => new Response('{"data": {"i'),
})) {
    test(`sends again after ${name}, with the same idempotency key`, async () => {
        const [client, requests] = answered(first, ok);

        assert.deepEqual(await client.chat.createSession({ title: "Once" }), { id: 1 });
        const keys = new Set(requests.map(({ headers }) => headers.get("Idempotency-Key")));
        assert.deepEqual([requests.length, keys.size], [2, 1]);
        assert.equal(await requests[1]!.text(), '{"title":"Once"}');
    });
}

const overloaded = (): Response =>
    Response.json({ code: "overloaded" }, { status: 503, headers: { "Retry-After": "0" } });

for (const [name, first, times] of [
    ["not repeated when it may have been executed", problem(503, { "Retry-After": "0" }), 1],
    ["not repeated when its answer is lost", lost, 1],
    ["repeated when it was not begun", overloaded, 2],
    ["repeated after a limit", problem(429, { "Retry-After": "0" }), 2],
] as const) {
    test(`what has no idempotency key is ${name}`, async () => {
        const [client, requests] = answered(first, ok);
        const created = client.keys.createApiKey({ key_name: "first" });

        await (times === 1 ? assert.rejects(created, GatewayzError) : created);
        assert.equal(requests.length, times);
    });
}

for (const [name, first, error] of [
    ["a limit that ends later than it waits", problem(429, { "Retry-After": "3600" }), LimitError],
    ["a request that is not valid", problem(422), InvalidError],
    ["a conflict", problem(409, { "Retry-After": "0" }), ConflictError],
] as const) {
    test(`throws after ${name}`, async () => {
        const [client, requests] = answered(first);

        await assert.rejects(client.chat.createSession(), error);
        assert.equal(requests.length, 1);
    });
}

test("throws after four attempts", async () => {
    const unavailable = problem(503, { "Retry-After": "0" });
    const [client, requests] = answered(...Array<Answer>(5).fill(unavailable));

    await assert.rejects(client.chat.chatStats(), UnavailableError);
    assert.equal(requests.length, 4);
});

test("a request without an answer ends with its time-out", async () => {
    const hang: typeof fetch = (_, init) =>
        new Promise((_, reject) => {
            init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason));
        });
    const client = new Gatewayz("key", "https://gatewayz.example", { fetch: hang, attempts: 1 });

    await assert.rejects(client.chat.chatStats({}, { timeoutSeconds: 0.01 }), UnreachableError);
});

test("a signal ends a request, and the pause before the next", async () => {
    const controller = new AbortController();
    const [client, requests] = answered(() => {
        setImmediate(() => controller.abort(new Error("Enough")));
        return problem(503, { "Retry-After": "30" })();
    });

    await assert.rejects(client.chat.chatStats({}, { signal: controller.signal }), /Enough/);
    await assert.rejects(client.chat.chatStats({}, { signal: controller.signal }), /Enough/);
    assert.equal(requests.length, 1);
});

test("an export that was cut off is no whole one", async () => {
    const [client] = answered(() => new Response('{"type": "session"}\n{"ty'));

    await assert.rejects(async () => {
        for await (const line of client.chat.exportAll()) assert.equal(line.type, "session");
    }, UnreachableError);
});

test("null is sent in a body, and a query only has what is given", async () => {
    const [client, requests] = answered(ok, ok);

    await client.chat.createSession({ folder: null });
    await client.chat.readSession(1, { message_limit: 2 });
    assert.equal(await requests[0]!.text(), '{"folder":null}');
    assert.equal(requests[1]!.url, "https://gatewayz.example/v1/chat/sessions/1?message_limit=2");
});
