// Drives docfs with the public MCP clients and prints what they got as JSON.
// usage: mcp.mjs sdk|client|client-auto|client-pinned URL
//        mcp.mjs sdk|client|client-auto|client-pinned - PROGRAM ARGUMENT...

const [which, url, command, ...args] = process.argv.slice(2);
const old = which === "sdk";
const { Client } = await import(old ? "@modelcontextprotocol/sdk/client/index.js" : "@modelcontextprotocol/client");
const modes = { "client-auto": "auto", "client-pinned": { pin: "2026-07-28" } };
const options = modes[which] ? { versionNegotiation: { mode: modes[which] } } : {};
const client = new Client({ name: "docfs-tests", version: "1" }, options);

let transport;
if (url === "-") {
  const { StdioClientTransport } = await import(old ? "@modelcontextprotocol/sdk/client/stdio.js" : "@modelcontextprotocol/client/stdio");
  transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
} else {
  const { StreamableHTTPClientTransport } = await import(old ? "@modelcontextprotocol/sdk/client/streamableHttp.js" : "@modelcontextprotocol/client");
  const requestInit = process.env.TOKEN ? { headers: { Authorization: `Bearer ${process.env.TOKEN}` } } : {};
  transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
}
await client.connect(transport);

const out = { server: client.getServerVersion(), instructions: client.getInstructions() };
const call = (name, args, more) => old ? client.callTool({ name, arguments: args }, undefined, more) : client.callTool({ name, arguments: args }, more);
out.tools = (await client.listTools()).tools;
out.search = await call("search_docs", { query: "install lighthouse", limit: 3 });
out.read = await call("read_document", { document: "demo@1/README.md:1-3" });
out.list = await call("list_collections", {});
out.similar = await call("similar_documents", { document: "demo@1/README.md", limit: 2 });
out.resolve = await call("resolve-library-id", { libraryName: "demo", query: "tasks" });
out.query = await call("query-docs", { libraryId: "/docfs/demo", query: "install" });
out.wrong = await call("read_document", { document: "demo@1/none.md" });
out.resources = (await client.listResources()).resources;
out.templates = (await client.listResourceTemplates()).resourceTemplates;
out.document = await client.readResource({ uri: out.search.structuredContent.hits[0].uri });
out.prompts = (await client.listPrompts()).prompts;
out.prompt = await client.getPrompt({ name: "answer_from_docs", arguments: { question: "how to install" } });
out.completion = await client.complete({
  ref: { type: "ref/resource", uri: "docfs://documents/{+document}" },
  argument: { name: "document", value: "demo@1/gui" },
});
if (process.env.INGEST) {
  out.progress = [];
  out.ingest = await call("ingest_source", { location: process.env.INGEST, collection: "added", wait_seconds: 60 },
    { onprogress: (p) => out.progress.push(p) });
  out.job = await call("job_status", { job: out.ingest.structuredContent.job.id });
  out.feedback = await call("feedback", { document: "demo@1/README.md", verdict: "helpful" });
}
try {
  await call("no_such_tool", {});
} catch (e) {
  out.unknown = e.code;
}
await client.close();
console.log(JSON.stringify(out));
