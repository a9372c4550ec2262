import { Account } from "./account.js";
import { Calls, type ClientOptions } from "./calls.js";
import { Chat } from "./chat.js";
import { Keys } from "./keys.js";

/** A client with one key. */
export class Gatewayz {
    readonly chat: Chat;
    readonly keys: Keys;
    readonly account: Account;

    /**
     * @param apiKey `gw_live_…`; null for public operations only.
     * @param baseUrl the address of the service, without `/v1`.
     */
    constructor(
        apiKey: string | null,
        baseUrl = "http://127.0.0.1:8000",
        options: ClientOptions = {},
    ) {
        const calls = new Calls(apiKey, baseUrl, options);
        this.chat = new Chat(calls);
        this.keys = new Keys(calls);
        this.account = new Account(calls);
    }
}
