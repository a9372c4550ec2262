// For workerd, the runtime of edge functions, as one file.

import * as client from "../../dist/esm/index.js";
import { converse } from "./conversation.mjs";

export default {
    async fetch(request, { GATEWAYZ_URL, GATEWAYZ_API_KEY }) {
        return Response.json(await converse(client, GATEWAYZ_URL, GATEWAYZ_API_KEY));
    },
};
