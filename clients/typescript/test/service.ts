// The service that the tests of pytest have started.

import { Gatewayz } from "gatewayz-client";

export const URL = process.env["GATEWAYZ_URL"]!;
export const KEY = process.env["GATEWAYZ_API_KEY"]!;
export const client = new Gatewayz(KEY, URL);

/** A name that no other test uses. */
export const unique = (name: string): string => `${name}-${crypto.randomUUID()}`;
