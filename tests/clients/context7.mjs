// Runs @upstash/context7-mcp against the address in CONTEXT7_API_URL and asks its two tools.
// usage: context7.mjs PROGRAM LIBRARY QUESTION
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [program, libraryName, query] = process.argv.slice(2);
const client = new Client({ name: "docfs-tests", version: "1" });
await client.connect(new StdioClientTransport({ command: process.execPath, args: [program], env: process.env, stderr: "inherit" }));
const resolved = await client.callTool({ name: "resolve-library-id", arguments: { libraryName, query } });
const id = /library ID: (\S+)/.exec(resolved.content[0].text)?.[1];
const answered = await client.callTool({ name: "query-docs", arguments: { libraryId: id ?? "/none/none", query } });
const missing = await client.callTool({ name: "query-docs", arguments: { libraryId: "/none/none", query } });
await client.close();
console.log(JSON.stringify({ id, resolved: resolved.content[0].text, answered: answered.content[0].text, missing: missing.content[0].text }));
