// The client has what the description of the API has, under the same names.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Account, Chat, Gatewayz, Keys } from "gatewayz-client";
import { URL } from "./service.ts";

const LEFT_OUT = [
    // do what patchSession, patchMessage and patchProfile do
    ...["updateSession", "updateMessage", "updateProfile"],
    "eraseAccount", // nothing that a program should do by a slip
    ...["listImports", "getImport", "cancelImport"], // for files, which the client does not send
];

interface Operation {
    operationId: string;
    parameters?: { name: string }[];
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

// Where any object would not do.
const LAST_ARGUMENTS: Record<string, unknown> = { deleteSessions: { ids: [1] } };

const schema = (await (await fetch(`${URL}/v1/schema`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(schema.paths)
    .filter(([path]) => !path.startsWith("/v1/conversations")) // for OpenAI's own clients
    .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    )
    .filter(({ operationId }) => !LEFT_OUT.includes(operationId));

const groups = { chat: Chat, keys: Keys, account: Account };
const groupOf = Object.fromEntries(
    Object.entries(groups).flatMap(([group, { prototype }]) =>
        Object.getOwnPropertyNames(prototype)
            .filter((name) => name !== "constructor")
            .map((name) => [name, group as keyof typeof groups]),
    ),
);

test("each operation has a method, and each method is one", () => {
    const names = operations.map(({ operationId }) => operationId);
    assert.deepEqual(Object.keys(groupOf).sort(), names.sort());
});

for (const { path, method, operationId, parameters = [] } of operations) {
    test(`${operationId} sends the request of its operation`, async () => {
        const requests: Request[] = [];
        const client = new Gatewayz("key", "https://gatewayz.example", {
            fetch: async (url, init) => {
                requests.push(new Request(url, init));
                return new Response('{"data": [], "count": 0, "type": "end"}\n');
            },
        });
        const names = path.match(/\{\w+\}/g) ?? [];
        const values = names.map((_, n) => n + 1);
        const group = client[groupOf[operationId]!] as unknown as Methods;
        const last = LAST_ARGUMENTS[operationId] ?? {};
        const result = group[operationId]!(...values, last);
        if (operationId === "exportAll") await (result as AsyncGenerator).next();
        else await result;

        const expected = names.reduce(
            (made, name, n) => made.replace(name, String(values[n])),
            path,
        );
        const [request] = requests;
        assert.deepEqual(
            [request!.method.toLowerCase(), new globalThis.URL(request!.url).pathname],
            [method, expected],
        );
        const isIdempotent = parameters.some(({ name }) => name === "Idempotency-Key");
        assert.equal(request!.headers.has("Idempotency-Key"), isIdempotent);
    });
}

test("CommonJS has the same client", () => {
    const required = createRequire(import.meta.url)("gatewayz-client") as {
        Gatewayz: typeof Gatewayz;
    };

    assert.equal(typeof new required.Gatewayz("key").chat.createSession, "function");
});
