import { expect, test } from "vitest";
import { z } from "zod";
import { ENGINE_METHODS } from "./methods.ts";
import { validationErrorSchema } from "./status-json.ts";

/** Written anew by `npx vitest run node/engine/api -u`. */
const FILE = "../../../docs/engine-api-schema.md";
const HEAD = `# Engine API, QuarkChain extension, version 1: JSON Schema

Of the parameters and the result of each method; what they mean is in [engine-api.md](engine-api.md). It is derived from the
schemas that both sides of the codec use (\`node/engine/api\`).
`;

test("docs/engine-api-schema.md is what the codec reads", async () => {
  const methods = Object.values(ENGINE_METHODS).map(({ name, params, result }) => [
    name,
    z.object({ params, result: result as z.ZodType }),
  ]);
  const schema = z.toJSONSchema(z.object(Object.fromEntries(methods)), { io: "input" });
  const error = z.toJSONSchema(validationErrorSchema);
  const text = `${HEAD}\n${block(schema)}\nThe text in \`validationError\`:\n\n${block(error)}`;
  await expect(text).toMatchFileSnapshot(FILE);
});

function block(schema: object): string {
  return `\`\`\`json\n${JSON.stringify(schema, null, 2)}\n\`\`\`\n`;
}
