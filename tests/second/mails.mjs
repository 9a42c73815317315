// Reads a JSON array of mails in base64, prints what postal-mime makes of each.
import PostalMime, { decodeWords } from "postal-mime";
import { readFileSync } from "node:fs";

function tree(node) {
  const { value, params } = node.contentType.parsed;
  const { boundary, ...said } = params;
  const leaf = node.childNodes.length === 0;
  return {
    type: value,
    params: said,
    disposition: node.contentDisposition.parsed.value,
    filename: node.contentDisposition.parsed.params.filename ?? "",
    id: node.contentId ?? "",
    content: leaf ? Buffer.from(node.content).toString("base64") : "",
    parts: node.childNodes.map(tree),
  };
}

async function read(mail) {
  const parser = new PostalMime();
  const email = await parser.parse(Buffer.from(mail, "base64"));
  return {
    headers: email.headers.map(({ originalKey, value }) => [originalKey, decodeWords(value)]),
    tree: tree(parser.root),
    text: email.text ?? "",
    html: email.html ?? "",
  };
}

const mails = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(mails.map(read))));
