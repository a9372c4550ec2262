import { Calls, type ClientOptions } from "./calls.js";
import { Chat } from "./chat.js";

/** A client with one key. */
export class Gatewayz {
    readonly chat: Chat;

    /**
     * @param apiKey `gw_live_…`; null for public operations only.
     * @param baseUrl the address of the service, without `/v1`.
     */
    constructor(
        apiKey: string | null,
        baseUrl = "http://127.0.0.1:8000",
        options: ClientOptions = {},
    ) {
        this.chat = new Chat(new Calls(apiKey, baseUrl, options));
    }
}
