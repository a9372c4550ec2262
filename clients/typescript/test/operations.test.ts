// The client has what the description of the API has, under the same names.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Chat, Gatewayz } from "gatewayz-client";
import { URL } from "./service.ts";

const LEFT_OUT = [
    ...["updateSession", "updateMessage"], // do what patchSession and patchMessage do
    ...["listImports", "getImport", "cancelImport"], // for files, which the client does not send
];

interface Operation {
    operationId: string;
    parameters?: { name: string }[];
}

const schema = (await (await fetch(`${URL}/v1/schema`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(schema.paths)
    .filter(([path]) => path.startsWith("/v1/chat"))
    .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    )
    .filter(({ operationId }) => !LEFT_OUT.includes(operationId));

test("each operation of chats has a method, and each method is one", () => {
    const methods = Object.getOwnPropertyNames(Chat.prototype).filter(
        (name) => name !== "constructor",
    );

    assert.deepEqual(methods.sort(), operations.map(({ operationId }) => operationId).sort());
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
        const call = (client.chat as unknown as Record<string, (...given: unknown[]) => unknown>)[
            operationId
        ]!;
        const which = { ids: [1] };
        const result = call.call(
            client.chat,
            ...values,
            operationId === "deleteSessions" ? which : 7,
        );
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
