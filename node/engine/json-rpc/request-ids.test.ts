import fc from "fast-check";
import { expect, test } from "vitest";
import { numberIdTexts } from "./request-ids.ts";

test.each([
  ['{"id":1}', undefined],
  ['{"id":123456789012345}', undefined],
  ['{"id":"12345678901234567890"}', undefined],
  ['{"id":12345678901234567890}', [[0, "12345678901234567890"]]],
  ['{ "id" : -0 }', [[0, "-0"]]],
  ['{"id":1.0}', [[0, "1.0"]]],
  ['{"id":1e2,"params":[{"id":1.5},"\\"id\\":7.5"]}', [[0, "1e2"]]],
  ['{"id":1.5,"id":"x"}', []],
  ['{"id":"x","id":1.5}', [[0, "1.5"]]],
  ['{"method":"id","id":1.5}', [[0, "1.5"]]],
  [
    '[{"id":1},{"params":[[{"id":9.5}]],"id":2.0},7,[{"id":3.5}],{"id":4.0}]',
    [
      [0, "1"],
      [1, "2.0"],
      [4, "4.0"],
    ],
  ],
])("%s", (body, ids) => {
  JSON.parse(body);
  const found = numberIdTexts(body);
  expect(found && [...found]).toEqual(ids);
});

test("each number is found where JSON.parse has it, whatever stands around it", () => {
  const id = fc.oneof(
    fc.bigInt({ min: 10n ** 16n, max: 10n ** 30n }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(JSON.stringify),
  );
  const members = fc.record({
    jsonrpc: fc.string(),
    params: fc.jsonValue(),
    method: fc.constantFrom("id", '"id":1.5', "\\"),
  });
  const request = fc
    .tuple(id, members)
    .map(([id, rest]) => ({ id, json: JSON.stringify(rest).replace(/}$/, `,"id":${id}}`) }));
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("", " ", "\n"),
      (requests, space) => {
        const body = `[${requests.map(({ json }) => json).join(`${space},${space}`)}]`;
        const found = numberIdTexts(body);
        if (found === undefined) return;
        expect([...found]).toEqual(requests.map(({ id }, index) => [index, id]));
      },
    ),
  );
});
