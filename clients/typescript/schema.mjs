// Makes src/schema.ts of the description of the service: `npm run schema`, with `make run` up, or
// `npm run schema -- FILE_OR_URL OUTPUT`.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const [source = "http://127.0.0.1:8000/v1/schema", output = "src/schema.ts"] =
    process.argv.slice(2);
const text = source.startsWith("http")
    ? await (await fetch(source)).text()
    : await readFile(source, "utf8");
const schema = JSON.parse(text);

// Conversations are for OpenAI's own clients. Errors are all of one shape.
for (const [path, operations] of Object.entries(schema.paths)) {
    if (path.startsWith("/v1/conversations")) delete schema.paths[path];
    for (const { responses } of Object.values(operations)) {
        for (const status of Object.keys(responses)) if (status >= 400) delete responses[status];
    }
}

const { schemas } = schema.components;
const used = new Set();
const waiting = [schema.paths];
while (waiting.length) {
    for (const [, name] of JSON.stringify(waiting.pop()).matchAll(
        /"#\/components\/schemas\/(\w+)"/g,
    )) {
        if (!used.has(name)) waiting.push(schemas[name]);
        used.add(name);
    }
}
for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name];

const types = await openapiTS(schema, { defaultNonNullable: false, emptyObjectsUnknown: true });
await writeFile(
    output,
    `// Made by schema.mjs. Do not change it by hand.\n\n${astToString(types)}`,
);
