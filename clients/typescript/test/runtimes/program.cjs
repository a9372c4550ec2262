// As program.mjs, in CommonJS.

const client = require("../../dist/cjs/index.js");
const { GATEWAYZ_URL, GATEWAYZ_API_KEY } = process.env;

import("./conversation.mjs")
    .then(({ converse }) => converse(client, GATEWAYZ_URL, GATEWAYZ_API_KEY))
    .then((seen) => console.log(JSON.stringify(seen)));
