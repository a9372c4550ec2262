// A conversation in JavaScript, in node or a browser, without any package.
//
//   GATEWAYZ_URL=http://127.0.0.1:8000 GATEWAYZ_API_KEY=gw_live_… node conversation.mjs

const { GATEWAYZ_URL, GATEWAYZ_API_KEY } = process.env;
const ATTEMPTS = 4;

/** An error that the service explains: `status`, `code`, `detail` for people, `request_id`. */
class ProblemError extends Error {
  constructor(problem) {
    super(problem.detail);
    Object.assign(this, problem);
  }
}

/**
 * The answer to a request. It is sent again after 429, 503 and lost connections: with the same
 * `Idempotency-Key`, so that what is asked for is done once.
 */
async function call(method, path, body) {
  const headers = {
    Authorization: `Bearer ${GATEWAYZ_API_KEY}`,
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  };
  for (let attempt = 1; ; attempt++) {
    let pauseSeconds = 0.2 * 2 ** attempt;
    try {
      const response = await fetch(GATEWAYZ_URL + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
      if (response.ok) return await response.json();
      const again = [429, 503].includes(response.status) && attempt < ATTEMPTS;
      if (!again) throw new ProblemError(await response.json());
      pauseSeconds = Number(response.headers.get("Retry-After") ?? pauseSeconds);
    } catch (error) {
      if (error instanceof ProblemError || attempt >= ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseSeconds * 1000));
  }
}

/** Every session, a page at a time. */
async function* sessions() {
  let cursor = "";
  do {
    const page = await call("GET", `/v1/chat/sessions?limit=100${cursor}`);
    yield* page.data;
    cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor);
}

const { data: session } = await call("POST", "/v1/chat/sessions", { title: "Holidays" });
await call("POST", `/v1/chat/sessions/${session.id}/messages/batch`, {
  messages: [
    { role: "user", content: "Where is it warm in May?" },
    { role: "assistant", content: "In Crete, for one.", model: "openai/gpt-4o", tokens: 6 },
  ],
});

const { data: read } = await call("GET", `/v1/chat/sessions/${session.id}`);
for (const message of read.messages) console.log(`${message.role}: ${message.content}`);

for await (const { id, title } of sessions()) console.log(`Session ${id}: ${title}`);

await call("DELETE", `/v1/chat/sessions/${session.id}`);
try {
  await call("GET", `/v1/chat/sessions/${session.id}`);
} catch (error) {
  console.log(`Deleted: ${error.code}`);
}
