/** The runtime's own `fetch`, begun when the request's time is over: no answer is faster. */
async function fetchTooLate(address, request) {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    return fetch(address, request);
}

// What the client does in every runtime. Each hands in the client as it loads it.
export async function converse({ Gatewayz, NotFoundError, UnreachableError }, url, key) {
    const client = new Gatewayz(key, url);
    const end_user_id = `person-${Math.random()}`; // Node.js 18 has no global `crypto`
    const { id } = await client.chat.createSession({ title: "Hello", end_user_id });
    const messages = [{ role: "user", content: "Grüße" }];
    await client.chat.appendMessages(id, { messages });
    const titles = [];
    for await (const { title } of client.chat.listSessions({ end_user_id })) titles.push(title);
    const lines = [];
    for await (const { type } of client.chat.exportAll({ end_user_id })) lines.push(type);
    const file = await client.chat.exportSession(id, { format: "markdown" });
    await client.chat.deleteSession(id);

    const errorOf = async (asked) => asked.then(() => undefined).catch((error) => error);
    const missing = await errorOf(client.chat.readSession(id));
    const signal = AbortSignal.abort(new Error("Enough"));
    const slow = new Gatewayz(key, url, { fetch: fetchTooLate, attempts: 1 });
    const late = await errorOf(slow.chat.chatStats({}, { timeoutSeconds: 0.001 }));
    const ended = await errorOf(client.chat.chatStats({}, { signal }));
    return {
        titles,
        lines,
        hasText: (await file.text()).includes("Grüße"),
        isMissing: missing instanceof NotFoundError && missing.requestId !== "",
        isLate: late instanceof UnreachableError,
        ended: ended.message,
    };
}
