// Listens for changes with the public client and prints what it heard as JSON.
// usage: listen.mjs URL|- [PROGRAM ARGUMENT...]; lines on standard input: "end" closes the subscription
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/client";

const [url, command, ...args] = process.argv.slice(2);
const client = new Client({ name: "docfs-tests", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
let transport;
if (url === "-") {
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
} else {
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  transport = new StreamableHTTPClientTransport(new URL(url));
}
await client.connect(transport);

const say = (value) => console.log(JSON.stringify(value));
client.setNotificationHandler("notifications/resources/list_changed", () => say({ list: true }));
client.setNotificationHandler("notifications/resources/updated", (n) => say({ updated: n.params.uri }));
const subscription = await client.listen({
  toolsListChanged: true,
  resourcesListChanged: true,
  resourceSubscriptions: ["docfs://collections/demo@1", "docfs://documents/demo@1/README.md"],
});
say({ honored: subscription.honoredFilter });
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "end") continue;
  await subscription.close();
  say({ closed: await subscription.closed });
  break;
}
await client.close();
