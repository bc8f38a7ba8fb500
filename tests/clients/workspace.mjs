// usage: workspace.mjs URL SLUG QUESTION: what the package openai gets from a workspace, as JSON.
import OpenAI from "openai";

const [url, model, question] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "/api/v1/openai", apiKey: process.env.TOKEN ?? "none", maxRetries: 0 });
const messages = [{ role: "system", content: "Be short." }, { role: "user", content: question }];
const out = {};
out.models = (await client.models.list()).data.map((m) => m.id);
out.whole = await client.chat.completions.create({ model, messages });
out.pieces = [];
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
  out.pieces.push(chunk.choices[0]);
out.vectors = (await client.embeddings.create({ model: null, input: ["one", "two"] })).data;
out.stores = (await client.vectorStores.list()).data;
try {
  await client.chat.completions.create({ model: "none", messages });
} catch (e) {
  out.unknown = e.status;
}
console.log(JSON.stringify(out));
