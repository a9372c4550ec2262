// For a page in a browser, as one file.

import * as client from "../../dist/esm/index.js";
import { converse } from "./conversation.mjs";

globalThis.gatewayzConversation = (url, key) => converse(client, url, key);
