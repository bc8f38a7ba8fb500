// usage: providers.mjs KIND EMBED_URL CHAT_URL: what the package openai or ollama gets from a model server, as JSON.
import OpenAI from "openai";
import { Ollama } from "ollama";

const [kind, embed, chat] = process.argv.slice(2);
const texts = ["cancel a task", "zebra"];
const messages = [{ role: "user", content: "How is it installed?" }];
const out = { pieces: [] };

async function failure(promise) {
  try {
    await promise;
  } catch (e) {
    return { status: e.status ?? e.status_code, message: e.message };
  }
}

if (kind === "openai") {
  const at = (url, apiKey = "secret") => new OpenAI({ baseURL: url + "/v1", apiKey, maxRetries: 0 });
  const client = at(embed), model = (await client.models.list()).data.at(-1).id;
  out.models = (await client.models.list()).data.map((m) => m.id);
  out.vectors = (await client.embeddings.create({ model, input: texts })).data;
  out.floats = (await client.embeddings.create({ model, input: texts, encoding_format: "float" })).data;
  out.unknown = await failure(client.embeddings.create({ model: "none", input: "x" }));
  out.denied = await failure(at(embed, "wrong").embeddings.create({ model, input: "x" }));
  const talk = at(chat), name = (await talk.models.list()).data[0].id;
  out.whole = (await talk.chat.completions.create({ model: name, messages })).choices[0];
  for await (const chunk of await talk.chat.completions.create({ model: name, messages, stream: true }))
    out.pieces.push(chunk.choices[0]);
} else {
  const at = (host) => new Ollama({ host, headers: { Authorization: "Bearer secret" } });
  const client = at(embed), model = (await client.list()).models.at(-1).name;
  out.version = (await client.version()).version;
  out.models = (await client.list()).models.map((m) => m.name);
  out.vectors = (await client.embed({ model, input: texts })).embeddings;
  out.unknown = await failure(client.embed({ model: "none", input: "x" }));
  out.denied = await failure(new Ollama({ host: embed }).embed({ model, input: "x" }));
  const talk = at(chat), name = (await talk.list()).models[0].name;
  out.whole = await talk.chat({ model: name, messages });
  for await (const piece of await talk.chat({ model: name, messages, stream: true })) out.pieces.push(piece);
}
console.log(JSON.stringify(out));
