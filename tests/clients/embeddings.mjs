// usage: embeddings.mjs URL: what the packages openai and ollama get, as JSON.
import OpenAI from "openai";
import { Ollama } from "ollama";

const url = process.argv[2];
const openai = new OpenAI({ baseURL: url + "/v1", apiKey: process.env.TOKEN ?? "none", maxRetries: 0 });
const ollama = new Ollama({ host: url });
const texts = ["cancel a task", "zebra"];
const out = {};
out.models = (await openai.models.list()).data;
out.model = await openai.models.retrieve(out.models[0].id);
out.plain = await openai.embeddings.create({ model: out.models[0].id, input: texts });
out.float = await openai.embeddings.create({ model: "docfs", input: texts[0], encoding_format: "float" });
try {
  await openai.embeddings.create({ model: "text-embedding-3-small", input: "x" });
} catch (e) {
  out.unknown = { status: e.status, code: e.code, type: e.type, message: e.message };
}
out.tags = (await ollama.list()).models;
out.embed = await ollama.embed({ model: out.tags[0].name, input: texts });
out.old = await ollama.embeddings({ model: "docfs", prompt: texts[0] });
try {
  await ollama.embed({ model: "llama3", input: "x" });
} catch (e) {
  out.wrong = e.message;
}
console.log(JSON.stringify(out));
