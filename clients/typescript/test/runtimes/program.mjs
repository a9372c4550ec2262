// For runtimes with files and standard output: Node.js and Deno.

import process from "node:process";
import * as client from "../../dist/esm/index.js";
import { converse } from "./conversation.mjs";

const { GATEWAYZ_URL, GATEWAYZ_API_KEY } = process.env;
console.log(JSON.stringify(await converse(client, GATEWAYZ_URL, GATEWAYZ_API_KEY)));
